"""A large image from beginning to end: frame by frame, stage by stage; labels come out as a file with a pyramid.

Beside the labels a folder keeps what is done, so that a job that was stopped in any way goes on where it was, with
whatever crew; it is removed at the end.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from napari_apprentice.data import disk
from napari_apprentice.data.claims import remove_all
from napari_apprentice.data.exports import chunked
from napari_apprentice.data.whole import whole
from napari_apprentice.engine.large import plan
from napari_apprentice.engine.large.crew import Alone, Bench, Crew, Piece, Stage
from napari_apprentice.engine.large.frame import chunk_of, prepare
from napari_apprentice.engine.large.marks import Marks
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import Cancelled, UserError
from napari_apprentice.events import Event, Finished, Note, Progress, Started
from napari_apprentice.jobs import SegmentLargeJob, SegmentLargeResult

_LOCK = "lock"  # held by the process that works in a folder
_FORM = 2  # of what the folder holds: one of before is not gone on with
_WORDS: dict[Stage, str] = {
    "predict": "Predicting",
    "decode": "Separating objects",
    "join": "Joining objects",
    "number": "Numbering objects",
}
_SHARES: dict[Stage, tuple[float, float]] = {  # of the work, from when to when
    "predict": (0.0, 0.85),
    "decode": (0.85, 0.95),
    "join": (0.95, 0.96),
    "number": (0.96, 1.0),
}


def run(
    job: SegmentLargeJob, cancelled: Callable[[], bool], warm: Warm | None = None, crew: Crew | None = None
) -> Iterator[Event]:
    """Write labels to ``job.out``, and where else they are wanted.

    Raises `errors.Cancelled` within a piece of a cancel.
    """
    began = time.monotonic()
    crew = crew or Alone()
    work = work_folder(Path(job.out))
    # the device that a job asks for is one of those who do the work: it need not be here
    bench = Bench(job, work, warm or Warm(), "auto" if crew.words else None)
    network = bench.network
    where = crew.words or network.device.words
    yield Started(device=where)
    volume = plan.open_image(job)
    pixels = plan.channels_for(volume, network.header)
    for path in map(Path, job.all_out):
        chunked.refuse(path, volume, classes=network.header.kind == "classes")
    with _alone(work, Path(job.out)):
        if not goes_on(work, job):
            _begin(work, job)
        else:
            yield Note(text="Going on where this was stopped.")
        objects, cut, classes, first = 0, 0, set[int](), None
        for t in range(pixels.shape[0]):
            made = partial(plan.plan_for, job, network, volume, pixels[t], first)
            found = prepare(work / str(t), network, made)
            first = first or found
            chunked.begun(work / "labels", Path(job.out), volume.labels_shape, chunk_of(found))
            if t == 0:
                yield Note(text=plan.words(volume, found))
            frame = _Frame(bench, crew, t, cancelled)
            for share, what in frame.steps(objects):
                done = t + share
                left = (time.monotonic() - began) * (pixels.shape[0] - done) / done if done > 0.01 else None
                yield Progress(done=done, total=pixels.shape[0], left_s=left, what=what)
            objects, cut, classes = objects + frame.objects, cut + frame.cut, classes | frame.classes
        if cut:
            yield Note(text=f"{cut} objects are wider than the margin of a block: look whether they are in one piece.")
        names = {one.value: one.name for one in network.header.classes}
        paths = sorted(map(Path, job.all_out), key=chunked.is_zarr)  # which takes the folder, last
        for what, steps in (
            ("Making coarser levels", chunked.halved(work / "labels") if any(map(chunked.has_pyramid, paths)) else ()),
            *((f"Writing {path.name}", chunked.finish(work / "labels", path, volume, names)) for path in paths),
        ):
            for share in steps:
                yield Progress(done=share, total=1, what=what)
                if cancelled() and share < 1:
                    raise Cancelled
        (work / "job.json").unlink()  # stopped while the rest is removed, it is not gone on with
        _empty(work)
        with suppress(OSError):  # Windows keeps what is open until it is let go of
            (work / _LOCK).unlink(missing_ok=True)
    with suppress(OSError):  # another process may have begun the next one
        work.rmdir()
    yield Finished(
        result=SegmentLargeResult(
            job=job.id,
            labels=job.out,
            objects=objects or len(classes),
            seconds=time.monotonic() - began,
            device=where,
        )
    )


class _Frame:
    """The stages of one frame.

    When it is done, ``objects`` and ``cut`` count instances and those wider than margins, ``classes`` are those found.
    """

    def __init__(self, bench: Bench, crew: Crew, t: int, cancelled: Callable[[], bool]) -> None:
        self._bench = bench
        self._crew = crew
        self._t = t
        self._cancelled = cancelled
        self.objects = self.cut = 0
        self.classes: set[int] = set()

    def steps(self, first: int) -> Iterator[tuple[float, str]]:
        """Do what is not done yet; yields how much is, and what. Ids begin after ``first``."""
        frame = self._bench.frame(self._t)
        plan, blocks = frame.plan, len(frame.plan.blocks)
        tiles = min(self._crew.at_once, int(np.prod(plan.tiles)))
        yield from self._marked("predict", len(plan.lattice.tiles()), tiles)
        yield from self._marked("decode", blocks, 1)
        found = frame.found()
        if self._bench.network.header.kind == "classes":
            self.classes = set(found.there.tolist())
        joined: list[Any] = []
        if len(found.cut):
            frame.keep_cut(found.cut)
            every = (Piece("join", self._t, i, i + 1) for i in range(blocks))
            joined = yield from self._done("join", every, blocks, 0, lambda piece: None)
        ids = frame.keep_numbers(found, joined, first)
        yield from self._marked("number", blocks, 1)
        self.objects, self.cut = 0 if self.classes else ids, len(found.cut)

    def _marked(self, stage: Stage, count: int, longest: int) -> Iterator[tuple[float, str]]:
        """A stage of which is written down what is done."""
        marks = Marks(self._bench.work / str(self._t) / f"{stage}.done", count)
        pieces = (Piece(stage, self._t, *run) for run in marks.runs(longest))
        yield from self._done(stage, pieces, count, marks.done, lambda piece: marks.mark(piece.first, piece.stop))

    def _done(
        self, stage: Stage, pieces: Iterable[Piece], count: int, done: int, then: Callable[[Piece], None]
    ) -> Generator[tuple[float, str], None, list[Any]]:
        begin, end = _SHARES[stage]
        values: list[Any] = []
        self._check()
        for one in self._crew.do(self._bench, pieces):
            if one is not None:
                piece, came = one
                then(piece)
                values += [value for value in came if value is not None]
                done += piece.stop - piece.first
            yield begin + (end - begin) * done / count, _WORDS[stage]
            self._check()
        return values

    def _check(self) -> None:
        if self._cancelled():
            raise Cancelled


def work_folder(out: Path) -> Path:
    """Where a job keeps what it has done so far."""
    return out.with_name(f".{out.name}.work")


def goes_on(work: Path, job: SegmentLargeJob) -> bool:
    """Whether a folder holds the beginning of just this job."""
    try:
        return bool(json.loads((work / "job.json").read_text()) == same(job))
    except (OSError, ValueError):
        return False


def _begin(work: Path, job: SegmentLargeJob) -> None:
    _empty(work)
    with whole(work / "job.json") as part:
        part.write_text(json.dumps(same(job)), encoding="utf-8")


@contextmanager
def _alone(work: Path, out: Path) -> Iterator[None]:
    """Work in a folder that no other process works in; `UserError` when one does."""
    lock = FileLock(work / _LOCK, blocking=False, thread_local=False)
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        why = f"{out} is being made by another process: wait until it is done, or choose another folder."
        raise UserError(why) from error
    except NotImplementedError:
        pass  # a file system without locks
    except OSError as error:
        raise disk.refused(error, work) from error
    try:
        yield
    finally:
        lock.release()


def _empty(work: Path) -> None:
    for path in work.iterdir():
        if path.name != _LOCK:
            remove_all(path)


def same(job: SegmentLargeJob) -> dict[str, Any]:
    """What must be the same for a job to go on: not its name, nor the memory that it may take."""
    plain = job.model_dump(mode="json", exclude={"id", "memory_mb", "also", "store", "labels_kind"})
    return {"form": _FORM, **plain, "states": [_state(Path(job.model)), _state(Path(job.image))]}


def _state(path: Path) -> list[int]:
    """When a file was written and how large it is; of an image inside a file, of that file."""
    there = next((one for one in (path, *path.parents) if one.exists()), None)
    stat = None if there is None else there.stat()
    return [] if stat is None else [stat.st_mtime_ns, stat.st_size]
