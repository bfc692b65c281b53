"""What runs on a worker: pieces of large images, with one model loaded for all of them, and jobs sent from a window."""

from __future__ import annotations

import socket
import threading
import traceback
from pathlib import Path
from typing import Any, cast

import psutil
from distributed import WorkerPlugin, get_worker

from napari_apprentice import jobs
from napari_apprentice.errors import UserError
from napari_apprentice.runners.cluster.worker_service import WorkerService
from napari_apprentice.runners.door import engine_module

NAME = "napari-apprentice"


class Apprentice(WorkerPlugin):
    """What a worker keeps from one task to the next: models, and the large image that it works on."""

    name = NAME
    idempotent = True

    def setup(self, worker: Any) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._warm: Any = None
        self._piece_worker: tuple[Any, Any] | None = None
        self._service: WorkerService | None = None

    def teardown(self, worker: Any) -> None:
        """End what was begun."""
        if self._service is not None:
            self._service.close()

    @property
    def service(self) -> WorkerService:
        """Where jobs sent from a window are done."""
        with self._lock:
            if self._service is None:
                self._service = WorkerService()
            return self._service

    def piece_worker(self, job: dict[str, Any], work: str) -> Any:
        """What does the pieces of a job that keeps them in the folder ``work``."""
        with self._lock:
            if self._piece_worker is None or self._piece_worker[0] != (job, work):
                self._piece_worker = ((job, work), self._opened(job, work))
            return self._piece_worker[1]

    def _opened(self, job: dict[str, Any], work: str) -> Any:
        wanted = jobs.from_plain(job)
        for path in (work, *wanted.reads):
            if not Path(path).exists():
                raise UserError(
                    f"The worker on {socket.gethostname()} does not see {path}: images, models and labels must lie on "
                    "a file system that all workers share, under the same path."
                )
        if self._warm is None:
            self._warm = engine_module("warm").Warm()
        return engine_module("large.executor").PieceWorker(wanted, Path(work), self._warm)


def do(job: dict[str, Any], work: str, piece: tuple[str, int, int, int]) -> list[Any]:
    """Do a piece of a job."""
    plugin = cast(Apprentice, get_worker().plugins[NAME])
    return list(plugin.piece_worker(job, work).do(engine_module("large.executor").Piece(*piece)))


def ask(what: str, arguments: tuple[Any, ...], dask_worker: Any) -> tuple[str, Any]:
    """Call a method of the service on a worker (`Client.run` gives it by this name).

    "answer" and what it is, "mistake" and a sentence, or "bug" and a traceback: what is raised is silence.
    """
    try:
        plugin = cast(Apprentice, dask_worker.plugins[NAME])
        return "answer", getattr(plugin.service, what)(*arguments)
    except UserError as error:
        return "mistake", str(error)
    except Exception:
        return "bug", traceback.format_exc()


def memory_bytes(dask_worker: Any) -> int:
    """What a task may take on a worker (`Client.run` gives it by this name)."""
    free = psutil.virtual_memory().available
    limit = dask_worker.memory_manager.memory_limit or free
    return int(min(limit, free) / max(1, dask_worker.state.nthreads))
