"""Power loss at every moment: what fsync promises is enough for the project to open, with all but a second of strokes.

Work is recorded write by write; then the power is cut after every event of the record, and whatever the disk may hold
then is opened (`power_disk`): first what was written until then and nothing else, each such prefix once.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from apprentice_lab.trust import power_work
from apprentice_lab.trust.kill_told import whole_of
from apprentice_lab.trust.nursery import Broke, Nursery
from apprentice_lab.trust.power_disk import Disk, Luck, everything, nothing, random_luck
from apprentice_lab.trust.power_events import Log
from apprentice_lab.trust.power_work import Day, Painted, There, cells_voxels
from apprentice_lab.trust.trial import Extent, Outcome, Trial
from napari_apprentice.data.files import read_labels
from napari_apprentice.data.labels.corrections import AS_LABELLED
from napari_apprentice.data.models import read_header
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.session import Session

_GOAL = "every state of the disk opens, at most one second of strokes is lost"
_STATES = 20_000
_LONGEST_LOSS_S = 1.0
_MOST_FAILURES = 20
_WHOLE_DAY = 0.1  # share from which a network is taught, too

Cut = tuple[int, Luck, Luck]  # after how many events, and what luck names and data had


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """Record, then cut the power; states that failed are kept in ``place``."""
    shutil.rmtree(place / "disk", ignore_errors=True)
    day = Day(str(place), extent.seed, rounds=1 if extent.share < _WHOLE_DAY else 3, network=extent.share >= _WHOLE_DAY)
    log, failures = _recorded(day)
    yield f"power: {len(log.events)} events recorded, {len(set(log.unseen))} files written by others"
    random, tried, longest = np.random.default_rng(extent.seed), 0, 0.0
    for count, names, data in _cuts(log, extent.of(_STATES), random):
        shutil.rmtree(log.root)
        Disk(log, count, names, data).write_to(log.root)
        found = _Found(log, count)
        sentences = [f"{one} [event {count}, state {tried}]" for one in found.failures()]
        if sentences:
            yield from sentences
            shutil.copytree(log.root, place / f"state-{tried}")
        failures += sentences
        longest, tried = max(longest, found.lost_s), tried + 1
        if len(failures) >= _MOST_FAILURES:
            break
        if tried % 100 == 0:
            yield f"power: {tried} states opened, {len(failures)} failures"
    numbers = {
        "events": len(log.events),
        "prefixes": len(_last(log, everything, everything)),
        "s of strokes lost at most": longest,
        "s a thread woke up late": log.late_s,
    }
    return Outcome(tried, tuple(failures), numbers)


def _recorded(day: Day) -> tuple[Log, list[str]]:
    """The record of a day, made by a process of its own, and where it is not what lies in the folder."""
    with Nursery(["apprentice_lab.trust.power_work"]) as nursery:
        told = nursery.begin(power_work.work, day, Path(day.place, "log.txt")).told
        found = told.recv()
    if isinstance(found, Broke):
        raise RuntimeError(found.traceback)
    log: Log = found
    return log, [f"the record is not the folder: {one}" for one in log.unlike()]


TRIAL = Trial("power", _GOAL, run)


def _cuts(log: Log, states: int, random: np.random.Generator) -> Iterator[Cut]:
    """Every prefix of the record once; then after every event what luck can do at most and at least; then any luck.

    Of states that are the same the last is taken, by which most had been done. Where there are fewer ``states`` than
    prefixes, some of all these.
    """
    prefixes = [(count, everything, everything) for count in _last(log, everything, everything)]
    mixed = ((names, data) for names in (nothing, everything) for data in (nothing, everything))
    others = [(count, *luck) for luck in list(mixed)[:-1] for count in _last(log, *luck)]
    if states < len(prefixes):
        yield from _some([*prefixes, *others], states, random)
        return
    yield from prefixes
    yield from _some(others, states - len(prefixes), random)
    for _ in range(states - len(prefixes) - len(others)):
        yield int(random.integers(len(log.events) + 1)), random_luck(random), random_luck(random)


def _last(log: Log, names: Luck, data: Luck) -> list[int]:
    """Counts of events after which the next one makes another disk, and the end."""
    changing = {"sync", "sync all"} if nothing in (names, data) else set()
    changing |= {"names"} if names is everything else set()
    changing |= {"write", "cut"} if data is everything else set()
    return [count for count, event in enumerate(log.events) if event.kind in changing] + [len(log.events)]


def _some(cuts: Sequence[Cut], most: int, random: np.random.Generator) -> list[Cut]:
    """At most so many of them, in the order of the day."""
    chosen = range(len(cuts)) if most >= len(cuts) else random.choice(len(cuts), most, replace=False)
    return sorted((cuts[i] for i in chosen), key=lambda cut: cut[0])


class _Found:
    """What a disk holds, against what had been done when the power was cut."""

    def __init__(self, log: Log, count: int) -> None:
        events = log.events[:count]
        self.lost_s = 0.0
        self._place = log.root
        self._cut_at = log.events[min(count, len(log.events) - 1)].at  # the last moment at which the disk is so
        self._longest_loss_s = _LONGEST_LOSS_S + 2 * log.late_s  # to begin to write, and to be told of the end
        self._there = {(e.note.kind, e.note.name) for e in events if isinstance(e.note, There)}
        self._strokes: Mapping[tuple[str, int], list[tuple[float, Painted]]] = defaultdict(list)
        for event in events:
            if isinstance(event.note, Painted):
                self._strokes[event.note.image, event.note.cell].append((event.at, event.note))

    def failures(self) -> Iterator[str]:
        """A sentence for each thing that is lost and must not be."""
        project = self._place / "project"
        os.environ["APPRENTICE_HOME"] = str(self._place / "home")
        if ("project", "project") not in self._there:
            return
        try:
            with Session(Project.open(project)) as session:
                yield from self._compared(session)
                before = {entry.id: whole_of(entry)[0].copy() for entry in session.entries}
            with Session(Project.open(project)) as again:
                for entry in again.entries:
                    if not np.array_equal(whole_of(entry)[0], before[entry.id]):
                        yield f"{entry.name} is another one when it is opened again"
        except UserError as error:
            yield f"it does not open: {error}"
        for kind, name in self._there:
            if kind == "export":
                yield from self._exported(self._place / name)

    def _compared(self, session: Session) -> Iterator[str]:
        entries = {entry.id: entry for entry in session.entries}
        for kind, name in self._there:
            if kind == "image" and name not in entries:
                yield f"the image {name} is gone: {session.images.complaints}"
            if kind == "version":
                yield from self._version(session, name)
        for image, entry in entries.items():
            labels, confirmed = (array.reshape(-1) for array in whole_of(entry))
            for (of, cell), told in self._strokes.items():
                where = cells_voxels(cell)
                if of != image:
                    continue
                found = int(labels[where[0]])
                self._note_loss(told, found)
                if np.ptp(labels[where]) or (labels[where] > 0).any() != (confirmed[where] == AS_LABELLED).any():
                    yield f"half of a stroke is in {entry.name}, voxel {where[0]}"
                elif found not in self._allowed(told):
                    yield f"{entry.name}, voxel {where[0]}: {found}, not as after any of {told}"

    def _note_loss(self, told: list[tuple[float, Painted]], found: int) -> None:
        """Remember for how long what was lost of a cell had been there."""
        for at, stroke in reversed([one for one in told if one[1].is_done]):
            if stroke.value == found:
                return
            self.lost_s = max(self.lost_s, self._cut_at - at)

    def _allowed(self, told: list[tuple[float, Painted]]) -> set[int]:
        """What a cell may have: what it had a second before the power was cut, or any time later."""
        allowed = {0}
        for at, stroke in told:
            if stroke.is_done and at <= self._cut_at - self._longest_loss_s:
                allowed = {stroke.value}
            elif not stroke.is_done:
                allowed.add(stroke.value)
        return allowed

    def _version(self, session: Session, name: str) -> Iterator[str]:
        lineage = None if session.project is None else session.project.lineage
        if lineage is None or lineage.get(name) is None:
            yield f"the version {name} is gone"
            return
        try:
            read_header(lineage.file(name))
        except UserError as error:
            yield f"the version {name} cannot be read: {error}"

    def _exported(self, path: Path) -> Iterator[str]:
        try:
            read_labels(path)
        except UserError as error:
            yield f"the export {path.name} cannot be read: {error}"
