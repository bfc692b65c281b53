"""A scheduler and workers without a web page: dask's have one in plain HTTP, whatever their other connections are."""

from __future__ import annotations

from typing import Any

from distributed import Scheduler, Worker
from distributed.node import ServerNode


class _NoPage(ServerNode):
    """Opens no port for HTTP."""

    def start_http_server(self, *_told: Any, **_more: Any) -> None:
        """Nothing."""


class QuietScheduler(_NoPage, Scheduler):
    """A scheduler that only those with its certificate can talk to."""


class QuietWorker(_NoPage, Worker):
    """A worker that only those with its certificate can talk to."""
