"""The long day itself: edits of all kinds, and every now and then a teaching."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.session import Session

_LARGE = 400  # pixels of an object that is not painted on
_SIDE = 128
_SAMPLES = 25
_LONGEST_END_S = 20.0
_MODEL = "nuclei-2d"


@dataclass(frozen=True)
class Day:
    """Where, and how much of it."""

    folder: str
    seed: int
    edits: int
    teachings: int


@dataclass(frozen=True)
class Edited:
    """How long an edit took (s): what the user waits, and what the processor worked."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Sample:
    """What the process holds after so many edits, with nothing under way; ``undo_mb`` is there to be undone."""

    edits: int
    teachings: int
    memory_mb: float
    undo_mb: float
    handles: int
    threads: int
    children: int
    project_mb: float


def work(told: Connection, day: Day) -> None:
    """Tell samples, and how long each edit took."""
    os.environ["APPRENTICE_HOME"] = str(Path(day.folder, "home"))
    teach_at = {round((i + 1) * day.edits / day.teachings) for i in range(day.teachings)}
    sample_at = {round((i + 1) * day.edits / _SAMPLES) for i in range(_SAMPLES)}
    took: list[Edited] = []
    taught = 0
    with Session.create(Path(day.folder, "project")) as session:
        hand = _Hand(session, day.seed)
        hand.begin()
        for count in range(1, day.edits + 1):
            took.append(hand.edit())
            session.pump()
            if count in teach_at:
                session.teach()
                session.run_until_idle()
                taught += 1
            if count in sample_at:
                told.send(took)
                told.send(_sample(session, count, taught))
                took.clear()


class _Hand:
    """Does what a user does with labels, over and over."""

    def __init__(self, session: Session, seed: int) -> None:
        self._session = session
        self._random = np.random.default_rng(seed)
        self._edits: tuple[Callable[[], Callable[[], None] | None], ...] = (
            self._paint, self._paint, self._paint, self._erase, self._background, self._approve, self._undo, self._redo,
        )  # fmt: skip

    def begin(self) -> None:
        """Open an image, propose masks, and correct one."""
        sample, _ = samples.load("nuclei_2d")
        pixels = np.ascontiguousarray(sample.pixels[..., :_SIDE, :_SIDE])
        session = self._session
        session.add_image(Volume(pixels, name="nuclei"))
        session.choose_model(_MODEL)
        short = {"max_steps": 2, "batch_size": 2, "max_seconds": 5.0}
        session.teach_settings = session.teach_settings.model_copy(update=short)
        session.segment()
        session.run_until_idle()
        while not session.current.voxels_taught:  # type: ignore[union-attr]
            self.edit()

    def edit(self) -> Edited:
        """Any edit that can be made now."""
        while (do := self._edits[self._random.integers(len(self._edits))]()) is None:
            pass
        wall, cpu = time.perf_counter(), time.thread_time()
        do()
        return Edited(time.perf_counter() - wall, time.thread_time() - cpu)

    def _paint(self) -> Callable[[], None]:
        """On an object that is there, or a new one: objects stay as large as they are, for a large one takes longer."""
        entry = self._session.images.open_entry
        where = self._box()
        there = np.unique(entry.labels.reshape(-1)[where])
        small = [int(i) for i in there if i and (entry.labels == i).sum() < _LARGE]
        value = int(self._random.choice(small)) if small else entry.next_id()
        return lambda: self._session.paint(where, value)

    def _erase(self) -> Callable[[], None]:
        where = self._box()
        return lambda: self._session.paint(where, 0)

    def _background(self) -> Callable[[], None]:
        where = self._box()
        return lambda: self._session.paint_background(where)

    def _approve(self) -> Callable[[], None] | None:
        points = np.argwhere(self._session.images.open_entry.labels)
        if not len(points):
            return None
        point = [int(i) for i in self._random.choice(points)]
        return lambda: self._session.edits.approve_object(point)

    def _undo(self) -> Callable[[], None] | None:
        return self._session.undo if self._session.edits.can_undo else None

    def _redo(self) -> Callable[[], None] | None:
        return self._session.redo if self._session.edits.can_redo else None

    def _box(self) -> NDArray[np.int64]:
        y, x = self._random.integers(0, _SIDE - 10, 2)
        ys, xs = np.mgrid[y : y + 8, x : x + 8]
        where: NDArray[np.int64] = (ys * _SIDE + xs).reshape(-1)
        return where


def _sample(session: Session, edits: int, teachings: int) -> Sample:
    gc.collect()
    process, project = psutil.Process(), session.project
    until = time.monotonic() + _LONGEST_END_S
    while len(process.children(recursive=True)) > 1 and time.monotonic() < until:
        time.sleep(0.1)  # the process that taught ends
    history = session.images.open_entry.history
    undo = sum(change.nbytes for step in (*history.done, *history.undone) for change in step.changes)
    files = [] if project is None else [path for path in project.path.rglob("*") if path.is_file()]
    return Sample(
        edits,
        teachings,
        process.memory_full_info().uss / 1e6,
        undo / 1e6,
        process.num_fds(),
        process.num_threads(),
        len(process.children(recursive=True)),
        sum(path.stat().st_size for path in files if path.parent.name != "versions") / 1e6,
    )
