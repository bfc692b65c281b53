"""A large image from beginning to end: frame by frame, step by step; labels come out as a file with a pyramid.

Beside the labels a folder keeps what is done, so that a job that was stopped in any way goes on where it was,
whoever does the pieces; it is removed at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.exports import chunked
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.linking import FrameOverlap
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.provenance import MaskSource, ModelNote, Provenance
from napari_apprentice.data.weights import weights_sha256
from napari_apprentice.engine.large import plan
from napari_apprentice.engine.large.executor import Executor, LocalExecutor, Piece, PieceKind, PieceWorker
from napari_apprentice.engine.large.frame import chunk_of, prepare
from napari_apprentice.engine.large.marks import Marks
from napari_apprentice.engine.large.work import alone, begin, end, goes_on, work_folder
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Finished, Note, Progress, Started
from napari_apprentice.jobs import SegmentLargeJob, SegmentLargeResult

_WORDS: dict[PieceKind, str] = {
    "predict": "Predicting",
    "decode": "Separating objects",
    "join": "Joining objects",
    "link": "Linking objects",
    "number": "Numbering objects",
}
_SHARES: dict[PieceKind, tuple[float, float]] = {  # of the work, from when to when
    "predict": (0.0, 0.85),
    "decode": (0.85, 0.95),
    "join": (0.95, 0.96),
    "link": (0.96, 0.97),
    "number": (0.97, 1.0),
}
_MOST_DOUBTFUL = 50_000  # places of an image that are kept


def run(
    job: SegmentLargeJob, cancelled: Callable[[], bool], warm: Warm | None = None, executor: Executor | None = None
) -> Iterator[Event]:
    """Write labels to ``job.out``, and where else they are wanted.

    Raises `errors.Cancelled` within a piece of a cancel.
    """
    began = time.monotonic()
    executor = executor or LocalExecutor()
    work = work_folder(Path(job.out))
    # the device that a job asks for is one of those who do the work: it need not be here
    worker = PieceWorker(job, work, warm or Warm(), "auto" if executor.words else None)
    network = worker.network
    where = executor.words or network.device.words
    yield Started(device=where)
    volume = plan.open_image(job)
    pixels = plan.channels_for(volume, network.header)
    for path in map(Path, job.all_out):
        chunked.refuse(path, volume, classes=network.header.kind == "classes")
    with alone(work, Path(job.out)):
        if not goes_on(work, job):
            begin(work, job)
        else:
            yield Note(text="Going on where this was stopped.")
        objects, cut, classes, first, doubts = 0, 0, set[int](), None, Doubts.none()
        for t in range(pixels.shape[0]):
            made = partial(plan.plan_for, job, network, volume, pixels[t], first)
            found = prepare(work / str(t), network, made)
            first = first or found
            chunked.begin(work / "labels", Path(job.out), volume.labels_shape, chunk_of(found))
            if t == 0:
                yield Note(text=plan.words(volume, found))
            frame = _Frame(worker, executor, t, cancelled)
            for share, what in frame.steps(objects):
                done = t + share
                left = (time.monotonic() - began) * (pixels.shape[0] - done) / done if done > 0.01 else None
                yield Progress(done=done, total=pixels.shape[0], left_s=left, what=what)
            objects, cut, classes = objects + frame.objects, cut + frame.cut, classes | frame.classes
            if job.store is not None:
                found_here = worker.frame(t).find_doubts(_MOST_DOUBTFUL).moved((t, 0, 0, 0))
                doubts = Doubts.together([doubts, found_here]).most_doubtful(_MOST_DOUBTFUL)
        if cut:
            yield Note(text=f"{cut} objects are wider than the margin of a block: look whether they are in one piece.")
        saying = _saying(job, network.header, volume, objects or len(classes))
        paths = sorted(map(Path, job.all_out), key=chunked.is_zarr)  # which takes the folder, last
        refused: list[str] = []
        for what, steps in (
            (
                "Making coarser levels",
                chunked.build_pyramid(work / "labels") if any(map(chunked.has_pyramid, paths)) else (),
            ),
            *((f"Writing {path.name}", chunked.finish(work / "labels", path, volume, saying)) for path in paths),
        ):
            try:
                for share in steps:
                    yield Progress(done=share, total=1, what=what)
                    if cancelled() and share < 1:
                        raise Cancelled
            except UserError as error:  # the other formats can be written nevertheless
                refused.append(str(error))
        if not refused or not (work / "labels").exists():  # else the next time only writes
            end(work)
    with suppress(OSError):  # another process may have begun the next one
        work.rmdir()
    if refused:
        raise UserError(" ".join(refused))
    yield Finished(
        result=SegmentLargeResult(
            job=job.id,
            labels=job.out,
            objects=objects or len(classes),
            seconds=time.monotonic() - began,
            device=where,
            doubts="" if job.store is None else doubts.to_text(),
        )
    )


def _saying(job: SegmentLargeJob, header: ModelHeader, volume: Volume, objects: int) -> chunked.Saying:
    """What the files say of themselves."""
    source = MaskSource.of(job.verb, ModelNote.of(header, weights_sha256(job.model)), job.settings)
    return chunked.Saying(
        {one.value: one.name for one in header.classes},
        {one.value: one.color for one in header.classes},
        Provenance(image=volume.name, masks=(source,), objects=objects),
    )


class _Frame:
    """The steps of one frame.

    When it is done, ``objects`` and ``cut`` count instances and those wider than margins, ``classes`` are those found.
    """

    def __init__(self, worker: PieceWorker, executor: Executor, t: int, cancelled: Callable[[], bool]) -> None:
        self._worker = worker
        self._executor = executor
        self._t = t
        self._cancelled = cancelled
        self.objects = self.cut = 0
        self.classes: set[int] = set()

    def steps(self, first: int) -> Iterator[tuple[float, str]]:
        """Do what is not done yet; yields how much is, and what. Ids begin after ``first``."""
        frame = self._worker.frame(self._t)
        plan, blocks = frame.plan, len(frame.plan.blocks)
        tiles = min(self._executor.at_once, int(np.prod(plan.tiles)))
        yield from self._marked("predict", len(plan.lattice.tiles()), tiles)
        yield from self._marked("decode", blocks, 1)
        found = frame.find_objects()
        if self._worker.network.header.kind == "classes":
            self.classes = set(found.there.tolist())
        joined: list[Any] = []
        if len(found.cut):
            frame.keep_cut(found.cut)
            every = (Piece("join", self._t, i, i + 1) for i in range(blocks))
            joined = yield from self._done("join", every, blocks, 0, lambda piece: None)
        ids = frame.keep_numbers(found, joined, first)
        if self._links and ids:
            every = (Piece("link", self._t, i, i + 1) for i in range(blocks))
            counted = yield from self._done("link", every, blocks, 0, lambda piece: None)
            ids = frame.keep_linked(FrameOverlap.together(counted), first)
        yield from self._marked("number", blocks, 1)
        self.objects, self.cut = 0 if self.classes else ids, len(found.cut)

    @property
    def _links(self) -> bool:
        """Whether objects have the ids of the frame before; those of a store are linked when they are merged there."""
        job = self._worker.job
        return job.settings.link and job.store is None and self._t > 0 and not self.classes

    def _marked(self, kind: PieceKind, count: int, longest: int) -> Iterator[tuple[float, str]]:
        """A step, of which is written down what is done."""
        marks = Marks(self._worker.work / str(self._t) / f"{kind}.done", count)
        pieces = (Piece(kind, self._t, *run) for run in marks.runs(longest))
        yield from self._done(kind, pieces, count, marks.done, lambda piece: marks.mark(piece.first, piece.stop))

    def _done(
        self, kind: PieceKind, pieces: Iterable[Piece], count: int, done: int, then: Callable[[Piece], None]
    ) -> Generator[tuple[float, str], None, list[Any]]:
        low, high = _SHARES[kind]
        values: list[Any] = []
        self._check()
        for one in self._executor.do(self._worker, pieces):
            if one is not None:
                piece, came = one
                then(piece)
                values += [value for value in came if value is not None]
                done += piece.stop - piece.first
            yield low + (high - low) * done / count, _WORDS[kind]
            self._check()
        return values

    def _check(self) -> None:
        if self._cancelled():
            raise Cancelled
