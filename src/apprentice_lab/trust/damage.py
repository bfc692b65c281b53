"""Trial: every file of a project damaged in every way, in turn; opened three times with work in between."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from apprentice_lab.trust import damaged_projects, sentences
from apprentice_lab.trust.apart import Apart
from apprentice_lab.trust.damaged_projects import LEFT, RIGHT, Made, notes, paint, strokes_in
from apprentice_lab.trust.damages import Damage, damages
from apprentice_lab.trust.fair_clock import FairClock
from apprentice_lab.trust.trial import Extent, Outcome, Trial
from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.project.recent import recent_projects
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session

_LONGEST_S = 5.0
_LIMIT_S = 90.0
_ALL = range(32)
_MADE_AFTER = (25, 26, 27)


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """Damage, and tell what was lost."""
    failures: list[str] = []
    tried = 0
    counts = {}
    with Apart(_LIMIT_S) as apart:
        for is_large in (False, True):
            name = "large" if is_large else "small"
            made = Made(place / name, is_large)
            failures += [f"{name} project: {one}" for one in apart(_make, made.path, is_large)]
            ways = _ways(made, extent)
            for number, (file, damage) in enumerate(ways):
                if number % 100 == 0:
                    yield f"damage: {name} project, {number} of {len(ways)}, {len(failures)} failed"
                found = apart(attempt, made, place / "try", file, damage)
                if found:
                    failures.append(f"{name} project, {file}, {damage}: {'; '.join(found)}")
                    yield failures[-1]
            tried += len(ways)
            counts[f"files of the {name} project"] = len({file for file, _ in ways})
    shutil.rmtree(place / "try", ignore_errors=True)
    return Outcome(tried, tuple(failures), counts)


def _make(path: Path, is_large: bool) -> list[str]:
    damaged_projects.make(path, is_large=is_large)
    return []


def _ways(made: Made, extent: Extent) -> list[tuple[str, Damage]]:
    """The files of a project, each with every damage; a share of them."""
    files = sorted(path for path in made.now.rglob("*") if path.is_file())
    names = [path.relative_to(made.now) for path in files]
    ways = [
        (name.as_posix(), damage)
        for name in names
        for damage in damages(made.now / name, made.path / "older" / name, made.path / "newer" / name, extent.seed)
    ]
    wanted = min(len(ways), extent.of(len(ways)))
    return sorted(random.Random(extent.seed).sample(ways, wanted), key=ways.index)


def attempt(made: Made, place: Path, file: str, damage: Damage) -> list[str]:
    """Damage one file and open the project; its failures."""
    shutil.rmtree(place, ignore_errors=True)
    os.environ["APPRENTICE_HOME"] = str(place)
    path = place / "projects" / "p"
    shutil.copytree(made.now, path)
    damage.do(path / file, made.path / "older" / file, made.path / "newer" / file)
    return _Try(made, path, file, damage).failures()


class _Try:
    """One project with one damaged file."""

    def __init__(self, made: Made, path: Path, file: str, damage: Damage) -> None:
        self._made = made
        self._path = path
        self._file = file
        self._damage = damage
        self._found: list[str] = []
        self._said: list[str] = []

    def failures(self) -> list[str]:
        """Open three times, paint in between, and compare."""
        expected = self._made.all_strokes
        for number, new in enumerate(_MADE_AFTER):
            self._said = []
            clock, began = FairClock(), time.time()
            try:
                session = self._opened()
            except UserError as error:
                return [*self._found, *self._refused(str(error))]
            clock.look()
            took = clock.since(began)
            if took > _LONGEST_S:
                self._found.append(f"opening {number + 1} took {took:.1f} s")
            with session:
                there = self._there(session)
                lost = expected - there
                if lost and number:
                    self._found.append(f"opening {number + 1} lost the strokes {sorted(lost)}")
                elif lost:
                    self._judge(lost)
                self._work(session, new)
            expected = there | {new}
        if not any(recent.path == self._path for recent in recent_projects()):
            self._found.append("it is not in the list of projects")
        return [*self._found, *sentences.faults(self._said)]

    def _opened(self) -> Session:
        project = Project.open(self._path)
        session = Session(project, InlineRunners(), damaged_projects.options(is_large=self._made.is_large))
        session.message.connect(self._said.append)
        self._said += session.images.complaints
        return session

    def _there(self, session: Session) -> set[int]:
        """The strokes that are there; images that could not be opened are opened again, as a user would."""
        if self._made.is_large:
            self._show(session, read_image(self._made.images / "cells.tif"))
            return self._in(session, RIGHT) | self._in(session, LEFT)
        self._show(session, notes())
        of_notes = strokes_in(session, _ALL)
        self._show(session, read_image(self._made.images / "cells.tif"))
        return of_notes | strokes_in(session, _ALL)

    def _show(self, session: Session, volume: Volume) -> None:
        entry = next((one for one in session.entries if one.name == volume.name), None)
        if entry is not None:
            with suppress(UserError):
                session.choose_image(entry)
                self._said += [entry.complaint] if entry.complaint else []
                return
        entry = session.add_image(volume)
        self._said += [entry.complaint] if entry.complaint else []

    def _in(self, session: Session, point: tuple[int, ...]) -> set[int]:
        for _ in range(2):
            try:
                session.open_region(point)
                break
            except UserError as error:  # said once: what is damaged was set aside
                self._said.append(str(error))
        return strokes_in(session, _ALL)

    def _judge(self, lost: set[int]) -> None:
        """Whether only strokes are gone that nothing else held, and something was said."""
        held = set(self._made.strokes.get(self._file, ()))
        if self._damage.how == "cut" and "journal-" in self._file:
            held -= self._made.kept_by_cut(self._file, self._damage.at)
        if self._damage.how == "link to a copy":
            held = set()
        if self._damage.how == "flip" and "journal-" in self._file and len(lost) > 1:
            self._found.append(f"one bit lost the strokes {sorted(lost)}")
        if lost - held:
            self._found.append(f"the strokes {sorted(lost - held)} are lost, which can be read")
        if not self._said:
            self._found.append(f"the strokes {sorted(lost)} are lost and nothing is said")

    def _work(self, session: Session, new: int) -> None:
        """What a user does next: look at models, paint, take back, do again."""
        offered = {choice.key for choice in session.models.all()}
        if "v1" not in offered and not self._made.is_large and "v1." not in self._file:
            self._found.append("the taught version is not offered")
        session.why_not_segment()
        entry = session.images.open_entry
        before = entry.labels.copy()
        paint(session, new)
        session.undo()
        if (entry.labels != before).any():
            self._found.append("undo did not give back what was there")
        session.redo()
        session.teach_settings = session.teach_settings.model_copy(update={"max_steps": 100 + new})

    def _refused(self, sentence: str) -> list[str]:
        """A project that does not open at all: nothing of it may change, and the file put back opens it."""
        faults = sentences.faults([sentence])
        damaged = self._path / self._file
        if damaged.is_dir() and not damaged.is_symlink():
            shutil.rmtree(damaged)
        else:
            damaged.unlink(missing_ok=True)
        shutil.copy(self._made.now / self._file, damaged)
        try:
            with self._opened() as session:
                lost = self._made.all_strokes - self._there(session)
        except UserError as error:
            return [*faults, f"refused ({sentence}), and with the file put back, too ({error})"]
        return [*faults, *([f"with the file put back the strokes {sorted(lost)} are lost"] if lost else [])]


TRIAL = Trial("damage", "opens or one sentence; nothing that can be read is lost, nor anything made later", run)
