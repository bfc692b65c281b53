"""Projects to be damaged, a small one and one of a large image, each at three times, and where each stroke lies."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.project.folder import Project
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.settings import TeachSettings

SMALL = (1, 1, 96, 64)
LARGE = (1, 8, 128, 1100)
LEFT, RIGHT = (0, 4, 64, 0), (0, 4, 64, 1099)
OF_NOTES = 30  # the stroke of the other image of the small project
FEW_STEPS = TeachSettings(max_steps=2, max_seconds=20, batch_size=2, patch=32, threads=1)
_FRAME = struct.Struct("<I")
_MAGIC = 8  # bytes before the first record of a journal


@dataclass(frozen=True)
class Made:
    """``older``, ``now`` and ``newer`` below ``path``; which strokes were in which file of ``now``, the last resort."""

    path: Path
    is_large: bool

    @property
    def now(self) -> Path:
        """The project that is damaged."""
        return self.path / "now"

    @property
    def images(self) -> Path:
        """Where the files of images lie."""
        return self.path / "images"

    @property
    def strokes(self) -> dict[str, list[int]]:
        """The strokes that only one file holds, by the file's path in the project."""
        told: dict[str, list[int]] = json.loads((self.path / "strokes.json").read_text(encoding="utf-8"))
        return told

    @property
    def all_strokes(self) -> set[int]:
        """All that were made."""
        return {stroke for strokes in self.strokes.values() for stroke in strokes}

    def kept_by_cut(self, file: str, at: int) -> set[int]:
        """The strokes of a journal that are whole before a byte."""
        content = (self.now / file).read_bytes()
        ends, place = [], _MAGIC
        while place < len(content):
            place += 2 * _FRAME.size + _FRAME.unpack_from(content, place)[0]
            ends.append(place)
        strokes = self.strokes[file]
        return {stroke for stroke, end in zip(strokes, ends[len(ends) - len(strokes) :], strict=True) if end <= at}


def make(path: Path, *, is_large: bool) -> Made:
    """Make the project, or take what an earlier run made."""
    made = Made(path, is_large)
    if not (path / "strokes.json").is_file():
        shutil.rmtree(path, ignore_errors=True)
        made.images.mkdir(parents=True)
        tifffile.imwrite(made.images / "cells.tif", _pixels(LARGE if is_large else SMALL))
        strokes = _large(made) if is_large else _small(made)
        (path / "strokes.json").write_text(json.dumps(strokes), encoding="utf-8")
    return made


def notes() -> Volume:
    """The second image of the small project, which has no file."""
    return Volume(_pixels(SMALL, seed=1)[None], name="notes")


def stroke(session: Session, number: int) -> NDArray[np.intp]:
    """The flat voxels of a stroke in the open region: two short rows of their own."""
    width = session.current.labels.shape[3] if session.current else 0
    rows = np.arange(2 * number, 2 * number + 2)
    return (rows[:, None] * width + np.arange(10, 40)).ravel()


def paint(session: Session, number: int) -> None:
    """Make a stroke: the object of its number and 1."""
    session.paint(stroke(session, number), number + 1)


def strokes_in(session: Session, among: range) -> set[int]:
    """The strokes that are there as they were made, with all voxels confirmed."""
    if session.current is None:
        return set()
    labels, confirmed = session.current.labels.reshape(-1), session.current.confirmed.reshape(-1)
    found = set()
    for number in among:
        at = stroke(session, number)
        if (labels[at] == number + 1).all() and (confirmed[at] == 2).all():
            found.add(number)
    return found


def options(*, is_large: bool) -> SessionOptions:
    """How sessions of these projects work."""
    return SessionOptions(largest_whole=10 if is_large else None)


def _pixels(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 250, shape).astype(np.uint8)


def _small(made: Made) -> dict[str, list[int]]:
    runners = InlineRunners()
    with Session(Project.create(made.now, name="cells"), runners, options(is_large=False)) as session:
        other = session.add_image(notes())
        paint(session, OF_NOTES)
        entry = session.add_image(read_image(made.images / "cells.tif"))
        paint(session, 0)
        paint(session, 1)
        session.teach_settings = FEW_STEPS
        session.fresh_settings = FreshSettings(width=4)
        session.choose_model("fresh")
        session.teach()
        session.run_until_idle()
        session.undo()
        session.redo()
        _keep(made, "older", session)
        paint(session, 2)
        entry.keep_snapshot()
        for number in (3, 4, 5):
            paint(session, number)
        session.segment_settings = session.segment_settings.model_copy(update={"tile": 128})
    _keep(made, "as it is", None)
    with Session(Project.open(made.now), runners, options(is_large=False)) as session:
        session.choose_image(next(one for one in session.entries if one.id == entry.id))
        paint(session, 20)
        session.images.open_entry.keep_snapshot()
        paint(session, 21)
        session.choose_model("nuclei-2d")
    made.now.rename(made.path / "newer")
    (made.path / "as it is").rename(made.now)
    folder = made.now / "entries" / entry.id
    state, journal = next(folder.glob("state-*.npz")), next(folder.glob("journal-*.bin"))
    of_notes = next((folder.parent / other.id).glob("journal-*.bin"))
    return {_name(made, state): [0, 1, 2], _name(made, journal): [3, 4, 5], _name(made, of_notes): [OF_NOTES]}


def _large(made: Made) -> dict[str, list[int]]:
    with Session(Project.create(made.now, name="cells"), InlineRunners(), options(is_large=True)) as session:
        entry = session.add_image(read_image(made.images / "cells.tif"))
        session.open_region(LEFT)
        paint(session, 0)
        session.open_region(RIGHT)
        paint(session, 10)
        _keep(made, "older", session)
        session.open_region(LEFT)
        paint(session, 1)
        session.open_region(RIGHT)
        paint(session, 11)
        paint(session, 12)
    _keep(made, "as it is", None)
    with Session(Project.open(made.now), InlineRunners(), options(is_large=True)) as session:
        paint(session, 20)
        session.open_region(LEFT)
        paint(session, 21)
    made.now.rename(made.path / "newer")
    (made.path / "as it is").rename(made.now)
    folder = made.now / "entries" / entry.id
    journal = next(folder.glob("journal-*.bin"))
    held = {_name(made, journal): [11, 12]}
    for name in ("labels-0", "vouched"):
        for chunk in (folder / "store" / name).glob("c/*/*/*/*"):
            held[_name(made, chunk)] = [0, 1] if chunk.name == "0" else [10]
    return held


def _keep(made: Made, name: str, session: Session | None) -> None:
    """A copy of the project at this time."""
    if session is not None and session.project is not None:
        session.project.flusher.flush()
    shutil.copytree(made.now, made.path / name, ignore=shutil.ignore_patterns("lock", "scratch"))


def _name(made: Made, path: Path) -> str:
    return path.relative_to(made.now).as_posix()
