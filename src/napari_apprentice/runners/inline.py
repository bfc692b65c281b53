"""Jobs in this process: each poll works until the next event. For the command line and for tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psutil

from napari_apprentice.events import Event, WasCancelled, is_last
from napari_apprentice.jobs import Job
from napari_apprentice.runners.cluster.executor import BLOCK_SHARE, ClusterExecutor
from napari_apprentice.runners.door import ENGINE, engine_class
from napari_apprentice.runners.running import FoundDevice


class InlineJob:
    """A job that advances when it is polled."""

    def __init__(self, job: Job, run: Any) -> None:
        self.job = job
        self.ended = False
        self._cancelled = False
        self._events: Iterator[Event] = run(job, lambda: self._cancelled)

    def poll(self) -> list[Event]:
        """Work until there is one more event."""
        if self.ended:
            return []
        event = next(self._events, WasCancelled())
        self.ended = is_last(event)
        return [event]

    def cancel(self) -> None:
        """Stop at the next block."""
        self._cancelled = True


class InlineRunners:
    """Runs jobs on the thread that polls them; models stay loaded from one to the next.

    An ``executor`` does the pieces of large images; it is closed with the runners.
    """

    def __init__(self, engine: str = ENGINE, executor: ClusterExecutor | None = None) -> None:
        self._name = engine
        self._executor = executor
        self._engine: Any = None
        self._devices: tuple[FoundDevice, ...] | None = None

    def start(self, job: Job) -> InlineJob:
        """Start a job; the first one imports torch."""
        return InlineJob(job, self._loaded().run)

    def devices(self) -> tuple[FoundDevice, ...] | None:
        """Devices a network can run on, the one that "auto" takes first."""
        if self._devices is None:
            found = self._loaded().devices()
            self._devices = tuple(FoundDevice(name=name, words=words) for name, words in found)
        return self._devices

    def block_mb(self) -> float:
        """What a block of a large image may take, where the blocks are done."""
        if self._executor is not None:
            return self._executor.block_mb
        return BLOCK_SHARE * psutil.virtual_memory().available / 1e6

    def close(self) -> None:
        """Forget the models."""
        self._engine = None
        if self._executor is not None:
            self._executor.close()

    def _loaded(self) -> Any:
        if self._engine is None:
            executor = [] if self._executor is None else [self._executor]
            self._engine = engine_class(self._name)(*executor)
        return self._engine
