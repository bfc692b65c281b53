"""What a user does while the disk fails, as short scripts, and whether all is written once there is room."""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from apprentice_lab.trust import sentences
from apprentice_lab.trust.fair_clock import FairClock
from apprentice_lab.trust.jobs_apart import CENTRES, discs
from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data.exports import WRITERS
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage.home import home
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.runners import Runners
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.settings import TeachSettings

_ROOM_S = 10.0  # within which all has to be written once there is room
_OBJECT = 900


class Script(ABC):
    """``prepared`` while the disk is well, then `play`ed while it is not; ``said`` and ``found`` are collected."""

    def __init__(self, root: Path, runners: Runners) -> None:
        self.root = root
        self.path = root / "project"
        self.runners = runners
        self._session: Session | None = None
        self.said: list[str] = []
        self.found: list[str] = []
        self.refused = 0

    def prepare(self) -> None:
        """A project with an image that has a file and a few corrections."""
        self.root.mkdir(parents=True, exist_ok=True)
        image(self.root.parent)
        self.begin(Session(Project.create(self.path, name="cells"), self.runners, options()))
        self.session.add_image(image(self.root.parent))
        self.session.teach_settings = TeachSettings(max_steps=2, batch_size=2, patch=32, threads=1)
        self.session.fresh_settings = FreshSettings(width=4)
        self.session.choose_model("nuclei-2d")
        for number in range(3):
            self.paint(number)

    @property
    def is_begun(self) -> bool:
        """Whether there is a session."""
        return self._session is not None

    @property
    def session(self) -> Session:
        """What is driven."""
        if self._session is None:
            raise RuntimeError("no project could be made")
        return self._session

    @property
    def project(self) -> Project:
        """What has to be on disk."""
        if self.session.project is None:
            raise RuntimeError("there is no project")
        return self.session.project

    def close(self) -> None:
        """Let go of everything."""
        if self._session is not None:
            self._session.close()

    @abstractmethod
    def play(self) -> None:
        """The steps."""

    @abstractmethod
    def again(self) -> None:
        """What has to work now that the disk is well."""

    def begin(self, session: Session) -> None:
        """Hear what is said."""
        self._session = session
        session.message.connect(self.said.append)

    def step(self, do: Callable[[], Any]) -> bool:
        """One thing that a user does; whether it was not refused."""
        try:
            do()
        except UserError as error:
            self.said.append(str(error))
            self.refused += 1
            return False
        if self._session is not None:
            self._session.pump()
        return True

    def paint(self, number: int) -> None:
        """Make a disc an object of its own."""
        y, x = CENTRES[number]
        width = self.session.images.open_entry.labels.shape[3]
        rows = np.arange(y - 5, y + 5)
        self.session.paint((rows[:, None] * width + np.arange(x - 5, x + 5)).ravel(), _OBJECT + number)

    def job(self, verb: Callable[[], None]) -> None:
        """Ask for a job and wait for it."""
        verb()
        self.session.run_until_idle()

    def check(self) -> list[str]:
        """After the disk is well again: what is not on it as it is in memory, and what else is wrong."""
        if self.is_begun:
            self._catch_up()
            memory = _state(self.session)
            self._compare(memory, "while it is open")
            self.again()
            memory = _state(self.session)
            self.session.close()
            self._compare(memory, "after it was closed")
        notes = "".join(path.read_text(encoding="utf-8") for path in home().rglob("unfinished/*/*.json"))
        left = [str(path) for path in self.root.rglob(".*") if ".part" in path.name and str(path) not in notes]
        if left:
            self.found.append(f"left behind, also at the next start: {', '.join(left)}")
        return [*self.found, *sentences.faults(self.said)]

    def _catch_up(self) -> None:
        clock, begun = FairClock(), time.time()
        while clock.since(begun) < _ROOM_S:
            clock.look()
            self.session.pump()
            if not self.project.is_behind and not self.session.choices.trouble:
                return
            time.sleep(0.02)
        self.found.append(f"not all is written within {_ROOM_S:g} s: {self.session.choices.trouble}")

    def _compare(self, memory: dict[str, Any], when: str) -> None:
        copy = self.root.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.path, copy, ignore=shutil.ignore_patterns("lock", "scratch"))
        with Session(Project.open(copy), self.runners, options()) as other:
            complaints = other.images.complaints
            if complaints:
                self.found.append(f"{when}, the project on disk complains: {' '.join(complaints)}")
            there = _state(other)
        for name, value in memory.items():
            if name not in there or not np.array_equal(there[name], value):
                self.found.append(f"{when}, the disk has another {name}")


class Edits(Script):
    """A new project: open images, paint, take back, choose, save."""

    def prepare(self) -> None:
        """Nothing is there yet."""
        self.root.mkdir(parents=True, exist_ok=True)
        image(self.root.parent)

    def play(self) -> None:
        """The steps; those that need an image are left out without one."""
        self.step(lambda: self.begin(Session(Project.create(self.path, name="cells"), self.runners, options())))
        if not self.is_begun:
            return
        self.step(lambda: self.session.add_image(Volume(discs()[None, None, None], name="notes")))
        self.step(lambda: self.session.add_image(image(self.root.parent)))
        self._edit()

    def _edit(self) -> None:
        session = self.session
        if session.current is not None:
            for number in range(3):
                self.step(partial(self.paint, number))
            self.step(session.undo)
            self.step(session.redo)
            self.step(lambda: session.paint_background(np.arange(50)))
            self.step(session.current.keep_snapshot)
            self.step(lambda: self.paint(3))
        self.step(
            lambda: setattr(session, "segment_settings", session.segment_settings.model_copy(update={"tile": 128}))
        )
        self.step(lambda: session.choose_model("cells-2d"))

    def again(self) -> None:
        """Open what could not be opened, and go on."""
        for volume in (Volume(discs()[None, None, None], name="notes"), image(self.root.parent)):
            self.session.add_image(volume)
        self.paint(4)
        self.session.undo()
        self.session.redo()

    def check(self) -> list[str]:
        """Also that a project which could not be made can be made."""
        if not self.is_begun:
            self.begin(Session(Project.create(self.path, name="cells"), self.runners, options()))
        return super().check()


class JobsAndClicks(Script):
    """Segment, click, teach, and segment again."""

    def play(self) -> None:
        """The steps."""
        session = self.session
        self.step(lambda: self.job(session.segment))
        self.step(lambda: self.job(lambda: session.click((0, 0, *CENTRES[5]))))
        self.step(session.verbs.click.keep)
        self.step(lambda: self.job(session.teach))
        self.step(lambda: self.paint(4))
        self.step(lambda: session.choose_model("nuclei-2d"))
        self.step(lambda: self.job(session.segment))

    def again(self) -> None:
        """They work now."""
        before = len(self.project.lineage.versions)
        self.session.choose_model("nuclei-2d")
        self.job(self.session.segment)
        self.job(self.session.teach)
        if len(self.project.lineage.versions) != before + 1:
            self.found.append("Teach gives no version once there is room")


class Exports(Script):
    """Labels in each format that this image and what is installed allow."""

    def prepare(self) -> None:
        """Each is written once while the disk is well: what was there stays when it cannot be replaced."""
        super().prepare()
        (self.root / "out").mkdir()
        self._sizes: dict[str, int] = {}
        for suffix in WRITERS:
            path = self.root / "out" / f"labels{suffix}"
            with suppress(UserError):  # DICOM of another image, Parquet without its library
                self.session.export_labels(path)
                self._sizes[suffix] = _size(path)

    def play(self) -> None:
        """Over the old ones, and beside."""
        for suffix in self._sizes:
            for name in ("labels", "new"):
                path = self.root / "out" / f"{name}{suffix}"
                self.step(partial(self.session.export_labels, path))

    def again(self) -> None:
        """What is there is whole; then all can be written."""
        for suffix, size in self._sizes.items():
            for name in ("labels", "new"):
                path = self.root / "out" / f"{name}{suffix}"
                found = _size(path)
                if (name == "labels" or found) and abs(found - size) > max(64, 0.2 * size):
                    self.found.append(f"{path.name} has {found} bytes instead of about {size}")
                self.session.export_labels(path)


SCRIPTS: dict[str, type[Script]] = {"edits": Edits, "jobs": JobsAndClicks, "exports": Exports}


def options() -> SessionOptions:
    """No segmenting after teaching: the script says when."""
    return SessionOptions(resegment_after_teach=False)


def image(folder: Path) -> Volume:
    """The image that has a file."""
    path = folder / "cells.tif"
    if not path.is_file():
        tifffile.imwrite(path, discs().astype(np.uint8))
    return read_image(path)


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    return path.stat().st_size if path.exists() else 0


def _state(session: Session) -> dict[str, Any]:
    """All that has to be on disk."""
    state: dict[str, Any] = {"model": session.model.key, "settings": session.segment_settings.model_dump_json()}
    state["versions"] = [version.id for version in session.project.lineage.versions] if session.project else []
    for entry in session.entries:
        state[f"labels of {entry.name}"] = entry.labels.copy()
        state[f"confirmed voxels of {entry.name}"] = entry.confirmed.copy()
    return state
