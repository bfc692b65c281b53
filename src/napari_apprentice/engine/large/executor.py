"""Who does the pieces of a large image: this process, or workers that see the same folders."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol
from uuid import uuid4

import zarr

from napari_apprentice.engine.device import pick
from napari_apprentice.engine.large import plan
from napari_apprentice.engine.large.frame import LargeFrame
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.warm import Warm
from napari_apprentice.jobs import SegmentLargeJob
from napari_apprentice.settings import DeviceName

PieceKind = Literal["predict", "decode", "join", "link", "number"]


class Piece(NamedTuple):
    """Tiles or blocks ``first``, ..., ``stop`` - 1 of a frame."""

    kind: PieceKind
    frame: int
    first: int
    stop: int


class PieceWorker:
    """Does pieces of one job; the image is opened and the model loaded once, whoever asks from whichever thread.

    ``device`` is where the network runs here; None: where the job says.
    """

    def __init__(self, job: SegmentLargeJob, work: Path, warm: Warm, device: DeviceName | None = None) -> None:
        self.job = job
        # what workers are sent: another name each time, so that none goes on with a model or a plan of before
        self.sent = job.model_copy(update={"id": uuid4().hex}).model_dump(mode="json")
        self._device: DeviceName = device or job.settings.device
        self.work = work
        self._warm = warm
        self._lock = threading.Lock()
        self._frame: tuple[int, LargeFrame] | None = None
        self._pixels: Any = None

    def do(self, piece: Piece) -> list[Any]:
        """What a step returns for each tile or block of the piece, after all of it is written."""
        frame = self.frame(piece.frame)
        do: Callable[[int], Any] = getattr(frame, piece.kind)
        return [do(index) for index in range(piece.first, piece.stop)]

    def frame(self, t: int) -> LargeFrame:
        """Frame t; the last one stays open."""
        with self._lock:
            if self._frame is None or self._frame[0] != t:
                self._frame = (t, self._opened(t))
            return self._frame[1]

    @property
    def network(self) -> Network:
        """The job's model, ready."""
        return self._warm.network(self.job.model, pick(self._device))

    def _opened(self, t: int) -> LargeFrame:
        network = self.network
        volume = plan.open_image(self.job)
        pixels = plan.channels_for(volume, network.header)
        labels = zarr.open_array(self.work / "labels" / "0", mode="r+")
        before = _OneFrame(labels, t - 1) if t else None
        folder, place = self.work / str(t), _OneFrame(labels, t)
        is_kept = self.job.store is not None
        return LargeFrame(network, volume.spacing, pixels[t], folder, place, before, with_doubts=is_kept)


class _OneFrame:
    """Labels (T, Z, Y, X) of which one frame is read or written."""

    def __init__(self, labels: Any, t: int) -> None:
        self._labels = labels
        self._t = t

    def __getitem__(self, place: tuple[slice, ...]) -> Any:
        return self._labels[(self._t, *place)]

    def __setitem__(self, place: tuple[slice, ...], values: Any) -> None:
        self._labels[(self._t, *place)] = values


class Executor(Protocol):
    """Who does pieces: one process, or many."""

    at_once: int  # tiles of a piece, at most: enough that handing it over costs little

    def do(self, worker: PieceWorker, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, list[Any]] | None]:
        """Do pieces in any order; each with what it came to, and None now and then while nothing is done yet.

        Few are taken from ``pieces`` ahead of being done: there may be a hundred million.
        """

    @property
    def words(self) -> str:
        """Where the work is done, for people; "" for here."""


class LocalExecutor:
    """One process that does them all, in turn."""

    at_once = 1
    words = ""

    def do(self, worker: PieceWorker, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, list[Any]] | None]:
        """Do pieces one by one."""
        for piece in pieces:
            yield piece, worker.do(piece)
