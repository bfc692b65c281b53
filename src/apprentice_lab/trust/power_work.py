"""A day of work in a minute, of which every step is noted in the record of the disk while it is done."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from apprentice_lab.trust.power_events import Log
from apprentice_lab.trust.power_record import Recorder
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session, SessionOptions

_SHAPE = (1, 1, 1, 64, 64)
_LARGE = (4, 130, 700)  # (Z, Y, X): two regions of 512
_WHOLE = 100_000  # voxels of an image that is not opened region by region
_STROKE = 4  # voxels
_PAUSE_S = 0.02
_NAP_S = 0.1
_MODEL = "nuclei-2d"


@dataclass(frozen=True)
class Painted:
    """A stroke begins or has returned (``is_done``): ``cell`` of an image has a value from then on."""

    image: str
    cell: int
    value: int
    is_done: bool


@dataclass(frozen=True)
class There:
    """From now on there is: the "project", an "image", a "version", an "export"."""

    kind: str
    name: str


@dataclass(frozen=True)
class Day:
    """What is worked: so many sessions in a folder of ``place``, the last with a network."""

    place: str
    seed: int
    rounds: int
    network: bool


def work(told: Connection, day: Day) -> None:
    """Work on a project in ``disk``, and tell the record of it; its large image lies on another disk."""
    disk, large = Path(day.place, "disk"), Path(day.place, "large.tif")
    disk.mkdir(exist_ok=True)
    os.environ["APPRENTICE_HOME"] = str(disk / "home")
    random = np.random.default_rng(day.seed)
    tifffile.imwrite(large, random.integers(0, 250, _LARGE).astype(np.uint8), metadata={"axes": "ZYX"})
    log = Log(disk)
    threading.Thread(target=_watch, args=(log,), daemon=True).start()
    with Recorder(log):
        for turn in range(day.rounds):
            with Session.create(disk / "project", InlineRunners()) as session:
                session.options = SessionOptions(largest_whole=_WHOLE, resegment_after_teach=False)
                log.note("mark", note=There("project", "project"))
                _Hand(session, log, random, turn).work(large, disk, network=day.network and turn == day.rounds - 1)
    told.send(log)


def _watch(log: Log) -> None:
    """How late threads wake up, as the one that puts strokes on disk does, on a machine that has much else to do."""
    while True:
        begun = time.monotonic()
        time.sleep(_NAP_S)
        log.late_s = max(log.late_s, time.monotonic() - begun - _NAP_S)


class _Hand:
    """Works in one session; each stroke has voxels of its own, a cell, so that each can be found again."""

    def __init__(self, session: Session, log: Log, random: np.random.Generator, turn: int) -> None:
        self._session = session
        self._log = log
        self._random = random
        self._turn = turn
        self._painted: list[int] = []

    def work(self, large: Path, place: Path, *, network: bool) -> None:
        """One session, from opening to the moment before it is closed."""
        self._open(Volume(np.arange(4096, dtype=np.uint16).reshape(_SHAPE), name="small"))
        self._strokes(12)
        self._session.current.keep_snapshot()  # type: ignore[union-attr]
        self._strokes(6)
        self._undo_and_redo()
        self._export(place / "labels.tif")
        self._open(read_image(large))
        for x in (100.0, 650.0, 100.0):
            self._session.open_region((0.0, 0.0, 60.0, x))
            self._strokes(6)
        self._export(place / "large.ome.zarr")
        self._session.teach_settings = self._session.teach_settings.model_copy(update={"seed": self._turn})
        if network:
            self._with_network()

    def _open(self, volume: Volume) -> None:
        entry = self._session.add_image(volume)
        self._log.note("mark", note=There("image", entry.id))

    def _strokes(self, count: int) -> None:
        for _ in range(count):
            cell = self._free_cell()
            self._tell(cell, self._value(cell), partial(self._session.paint, self._where(cell), self._value(cell)))
            self._painted.append(cell)
            time.sleep(_PAUSE_S * self._random.random() * 2)

    def _undo_and_redo(self) -> None:
        last = self._painted[-1]
        self._tell(last, 0, self._session.undo)
        self._tell(last, self._value(last), self._session.redo)
        self._tell(last, 0, self._session.undo)

    def _tell(self, cell: int, value: int, do: Callable[[], None]) -> None:
        entry = self._session.images.open_entry
        self._log.note("mark", note=Painted(entry.id, cell, value, is_done=False))
        do()
        self._log.note("mark", note=Painted(entry.id, cell, value, is_done=True))

    def _export(self, path: Path) -> None:
        self._session.export_labels(path)
        self._log.note("mark", note=There("export", path.name))

    def _with_network(self) -> None:
        session = self._session
        session.choose_image(session.entries[0])
        session.choose_model(_MODEL)
        small = {"max_steps": 1, "batch_size": 1, "replay": 0.0}
        session.teach_settings = session.teach_settings.model_copy(update=small)
        session.teach()
        session.run_until_idle()
        for version in session.project.lineage.versions:  # type: ignore[union-attr]
            self._log.note("mark", note=There("version", version.id))
        session.choose_image(session.entries[1])
        session.segment_all()
        session.run_until_idle()
        self._strokes(3)

    # cells

    def _free_cell(self) -> int:
        """A cell in the open region in which nothing was painted."""
        entry = self._session.images.open_entry
        cells = [
            cell for cell in self._random.permutation(np.prod(entry.shape) // _STROKE)[:4000] if self._is_open(cell)
        ]
        flat = entry.labels.reshape(-1)
        for cell in cells:
            if not flat[self._where(int(cell))].any() and int(cell) not in self._painted:
                return int(cell)
        raise UserError("The image is full of strokes: ask for fewer rounds.")

    def _is_open(self, cell: int) -> bool:
        entry = self._session.images.open_entry
        points = np.unravel_index(cells_voxels(int(cell)), entry.shape)
        return all(
            (at >= part.start).all() and (at < part.stop).all() for at, part in zip(points, entry.region, strict=True)
        )

    def _where(self, cell: int) -> NDArray[np.int64]:
        """Flat indices of a cell in the labels that are open."""
        entry = self._session.images.open_entry
        points = np.unravel_index(cells_voxels(cell), entry.shape)
        inside = [at - part.start for at, part in zip(points, entry.region, strict=True)]
        where: NDArray[np.int64] = np.ravel_multi_index(inside, entry.labels.shape)
        return where

    @staticmethod
    def _value(cell: int) -> int:
        return 1_000_000 + cell


def cells_voxels(cell: int) -> NDArray[np.int64]:
    """The voxels of a cell, as flat indices into all of its image."""
    return np.arange(cell * _STROKE, (cell + 1) * _STROKE)
