"""The pieces of a large image on the workers of a cluster, a few at a time."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from itertools import islice
from typing import TYPE_CHECKING, Any

from napari_apprentice.errors import UserError
from napari_apprentice.runners.cluster.connect import Connection
from napari_apprentice.settings import ClusterSettings

if TYPE_CHECKING:
    from napari_apprentice.engine.large.executor import Piece, PieceWorker

_BEAT_S = 0.2
_COUNT_S = 2.0  # how often workers are counted: they come and go
_AHEAD = 2  # pieces for each thread: the next one is there when one is done
_TRIES = 2  # more, of a piece that failed: shared file systems do
BLOCK_SHARE = 0.25  # of a worker's memory that a block may take


class ClusterExecutor:
    """Workers of a scheduler; connected when there is something to do.

    A worker that dies costs the pieces it had begun: the scheduler gives them to another one.
    """

    at_once = 8

    def __init__(self, settings: ClusterSettings) -> None:
        self._settings = settings
        self._connection: Connection | None = None

    @property
    def words(self) -> str:
        """How many work where, for people."""
        there = self._there()
        return f"{self._threads(there)} workers, {there.words}"

    @property
    def block_mb(self) -> float:
        """What a block may take on the smallest worker."""
        there = self._there()
        try:
            return BLOCK_SHARE * there.memory_bytes() / 1e6
        except (OSError, RuntimeError) as error:
            raise _gone(there) from error

    def do(self, worker: PieceWorker, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, list[Any]] | None]:
        """Do pieces in the order in which they get done."""
        there = self._there()
        from napari_apprentice.runners.cluster.worker import do

        left = iter(pieces)
        job, work = worker.sent, str(worker.work)
        ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        doing: dict[str, tuple[Any, Piece]] = {}
        room, counted = _AHEAD, float("-inf")
        try:
            while True:
                if time.monotonic() > counted + _COUNT_S:
                    room, counted = _AHEAD * max(1, self._threads(there)), time.monotonic()
                for piece in islice(left, max(0, room - len(doing))):
                    future = there.client.submit(do, job, work, tuple(piece), pure=False, retries=_TRIES)
                    doing[future.key] = future, piece
                    future.add_done_callback(ended.put)
                if not doing:
                    return
                try:
                    future = ended.get(timeout=_BEAT_S)
                except queue.Empty:
                    yield None
                    continue
                _, piece = doing.pop(future.key)
                yield piece, self._came(future, there)
        finally:
            if doing and not there.is_lost:
                there.client.cancel([future for future, _ in doing.values()])

    def close(self) -> None:
        """Hang up; workers that were started for this executor end."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _there(self) -> Connection:
        if self._connection is not None and self._connection.is_lost:
            self.close()
        if self._connection is None:
            self._connection = Connection(self._settings)
        return self._connection

    @staticmethod
    def _threads(there: Connection) -> int:
        try:
            return 0 if there.is_lost else there.threads()
        except (OSError, RuntimeError) as error:
            raise _gone(there) from error

    @staticmethod
    def _came(future: Any, there: Connection) -> list[Any]:
        from distributed.scheduler import KilledWorker

        try:
            return list(future.result())
        except KilledWorker as error:
            raise UserError(
                "Workers ended again and again over the same piece, which also happens when memory runs out: use fewer "
                "workers or a smaller tile; the same command goes on where this was stopped."
            ) from error
        except CancelledError as error:
            raise _gone(there) from error


def _gone(there: Connection) -> UserError:
    return UserError(
        f"The scheduler at {there.words} went away: start it again; the same command goes on where this was stopped."
    )
