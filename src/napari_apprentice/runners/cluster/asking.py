"""Questions to a worker, and what can come of them."""

from __future__ import annotations

from typing import Any

from napari_apprentice.errors import UserError
from napari_apprentice.runners.cluster.connect import Connection


class Lost(Exception):
    """The worker went away."""


class Broken(Exception):
    """A bug on the worker, with its traceback."""


class Asking:
    """Calls methods of a worker's service."""

    def __init__(self, connection: Connection, worker: str) -> None:
        self.worker = worker
        self.host = worker.split("://")[-1]
        self._connection = connection

    def __call__(self, what: str, *arguments: Any) -> Any:
        """The answer; `Lost` when nobody is there any more, `UserError` or `Broken` when it is that."""
        from napari_apprentice.runners.cluster.worker import ask

        if self._connection.is_lost:
            raise Lost(self.host)
        try:
            kind, answer = self._connection.client.run(ask, what, arguments, workers=[self.worker])[self.worker]
        except Exception as error:  # whatever dask raises: the worker itself says what went wrong there
            raise Lost(self.host) from error
        if kind == "mistake":
            raise UserError(answer)
        if kind == "bug":
            raise Broken(answer)
        return answer
