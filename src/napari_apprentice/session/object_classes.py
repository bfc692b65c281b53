"""Classes of objects: those that the user gave, and what a small head proposes for all others from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.new_class import MOST, new_class
from napari_apprentice.data.objects import marks
from napari_apprentice.data.objects.classes import ObjectClasses
from napari_apprentice.data.objects.head import ClassHead, Usual
from napari_apprentice.data.objects.table import Objects, ObjectTable
from napari_apprentice.errors import UserError
from napari_apprentice.project.described import Described
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.edits import Edits
from napari_apprentice.session.images import Images, refuse
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.signals import Signals
from napari_apprentice.settings import ClassName

_ROOM = 1 << 28  # bytes of what was seen in objects, beyond those of the image at work

Keys = NDArray[np.int64]


@dataclass
class _Known:
    """What is known of an image: keys are of the whole image, frames counted from its first."""

    described: Described | None = None
    is_on_disk: bool = True  # as far as there is anything
    is_none: bool = False  # there is nothing
    stale: dict[int, int] = field(default_factory=dict)  # key, and how many edits the image had when it changed
    given: dict[int, int] = field(default_factory=dict)  # number of a mark, key
    given_at: tuple[int, int, int] | None = None  # the state of the image that this is of


class ClassesOfObjects:
    """Fitted anew with every object that is given a class; what the user gave is never overruled.

    ``version`` changes with everything that classes depend on.
    """

    def __init__(self, signals: Signals, choices: Choices, images: Images, edits: Edits) -> None:
        self._signals = signals
        self._choices = choices
        self._images = images
        self._edits = edits
        self._known: dict[str, _Known] = {}
        self._usual: dict[tuple[str, int], Usual] = {}
        self._heads: dict[tuple[str, int], ClassHead | None] = {}
        self._found: tuple[tuple[object, ...], ObjectClasses] | None = None
        self.version = 0
        signals.edited.connect(self._on_edited)
        signals.object_classes_changed.connect(self._on_changed)

    def forget(self) -> None:
        """Another project may be opened."""
        self._known.clear()
        self._usual.clear()
        self._on_changed()

    # the classes there are

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """What objects can be given."""
        return self._choices.object_classes

    def add(self, name: str, color: str = "") -> ClassName:
        """A further class; `UserError` for a name that is there, or none."""
        refuse(self.why_not())
        name = self._free_name(name)
        added = new_class(self.classes, name, color, self._free_value())
        self._choices.object_classes = (*self.classes, added)
        self._signals.object_classes_changed.emit()
        return added

    def rename(self, value: int, name: str) -> None:
        """Call a class otherwise; `UserError` as of `add`."""
        if self._name(value) != name.strip():
            name = self._free_name(name)
            self._change(value, name=name)

    def recolour(self, value: int, color: str) -> None:
        """Show a class in another colour, "#ff7f0e"."""
        self._change(value, color=color)

    def remove(self, value: int) -> None:
        """There is no such class; `UserError` while objects that are there were given it."""
        count = sum(self._count(entry, value) for entry in self._images.entries)
        if count:
            objects = "1 object was" if count == 1 else f"{count} objects were"
            raise UserError(f"{objects} given the class {self._name(value)}: take it from them first.")
        self._choices.object_classes = tuple(one for one in self.classes if one.value != value)
        self._signals.object_classes_changed.emit()

    # what users say

    def why_not(self) -> str:
        """Why objects cannot be given classes; "" when they can."""
        if self._choices.kind == "classes":
            return "Areas of classes are not objects: they have a class already."
        return "" if self._images.current is not None else "There is no image: open one first."

    def give(self, objects: ArrayLike, of: int | str) -> None:
        """``objects`` (n, 2), frames and ids in the current image, are of a class; one undo step.

        ``of`` is its value or its name. `UserError` when there is no such class.
        """
        known = next((one for one in self.classes if of in (one.value, one.name)), None)
        if known is None:
            names = ", ".join(one.name for one in self.classes)
            raise UserError(f"There is no class {of}: " + (f"choose one of {names}." if names else "add it first."))
        self._mark(objects, known.value)

    def take_away(self, objects: ArrayLike) -> None:
        """Nobody said of which class ``objects`` (n, 2) are; one undo step."""
        self._mark(objects, 0)

    def given(self, entry: ProjectImage) -> tuple[Keys, NDArray[np.int64]]:
        """Objects of an image that were given a class, by ascending keys, and which.

        Of a large image those of the open part, and of parts that were open before.
        """
        known, own = self._of(entry), entry.marks
        state = (entry.edits, entry.markings, entry.reading)
        if known.given_at != state:
            corner = [part.start for part in entry.region]
            seen = marks.given(own, entry.labels, corner)
            inside = {number for number, one in own.items() if _is_inside(one.points[0], entry)}
            kept = {number: key for number, key in known.given.items() if number in own and number not in inside}
            found = {number: ((frame + corner[0]) << 32) | one for number, (frame, one) in seen.items()}
            known.given, known.given_at = {**kept, **found}, state
        latest = {key: own[number].value for number, key in sorted(known.given.items())}
        named = {one.value for one in self.classes}  # an undo may bring back marks of a class that was removed
        latest = {key: value for key, value in latest.items() if value in named}
        keys = np.array(sorted(latest), np.int64)
        return keys, np.array([latest[int(key)] for key in keys], np.int64)

    @property
    def is_wanted(self) -> bool:
        """Whether any object of the project was given a class, so that classes are to be proposed."""
        return bool(self._told())

    # what is proposed

    def of(self, entry: ProjectImage, keys: Keys) -> ObjectClasses:
        """The classes of objects of an image by their keys, as its table has them: given, proposed or not known."""
        state = (entry.id, self.version, entry.edits, entry.markings, entry.reading, keys.tobytes())
        if self._found is not None and self._found[0] == state:
            return self._found[1]
        whole = keys + _first(entry)
        values, chances = np.zeros(len(keys), np.int64), np.zeros(len(keys))
        by_hand = np.zeros(len(keys), bool)
        described = self.described(entry)
        head = None if described is None else self._head(described)
        if head is not None and described is not None and len(described.keys):
            rows, there = _places(described.keys, whole)
            values[there], chances[there] = head.propose(described.values[rows])
        given, told = self.given(entry)
        if len(given):
            rows, there = _places(given, whole)
            values[there], chances[there], by_hand[there] = told[rows], 1.0, True
        names = {one.value: one.name for one in self.classes}
        colors = {one.value: one.color for one in self.classes}
        found = ObjectClasses(keys, values, chances, by_hand, names, colors)
        self._found = (state, found)
        return found

    @property
    def network(self) -> str:
        """The key of the network with which the project's objects were looked at; "" before any was."""
        seen = (self.described(entry) for entry in self._images.entries)
        return next((one.network for one in seen if one is not None), "")

    def missing(self, entry: ProjectImage, table: ObjectTable, voxels: NDArray[np.int64]) -> Objects:
        """The objects of a table, with so many ``voxels`` each, that were not looked at as they are now."""
        known, described, whole = self._of(entry), self.described(entry), table.keys + _first(entry)
        if described is None:
            return table.objects
        rows, there = _places(described.keys, whole)
        is_known = np.zeros(len(whole), bool)
        is_known[there] = described.voxels[rows] == voxels[there]
        if known.stale:
            is_known &= ~np.isin(whole, list(known.stale))
        return table.objects[~is_known]

    def take(self, entry: ProjectImage, found: Described, edits: int) -> None:
        """What was seen in objects of an image when it had so many ``edits``; keys are those of its table then.

        `UserError` when the disk refuses, and then it is in memory only.
        """
        known = self._of(entry)
        found = Described(found.keys + _first(entry), found.voxels, found.values, found.own, found.network)
        before = self.described(entry)
        known.described = found if before is None else before.with_others(found)
        known.is_none = known.is_on_disk = False
        known.stale = {key: at for key, at in known.stale.items() if at > edits}
        self._usual.clear()
        self._signals.object_classes_changed.emit()
        entry.folder.keep_described(known.described)
        known.is_on_disk = True

    def described(self, entry: ProjectImage) -> Described | None:
        """What was seen in the objects of an image; None before it was looked at."""
        known = self._of(entry)
        if known.described is None and not known.is_none:
            known.described = entry.folder.described()
            known.is_none = known.described is None
        self._known[entry.id] = self._known.pop(entry.id)  # the last one is used now
        self._make_room(known)
        return known.described

    def even(self, entry: ProjectImage, keys: Keys) -> tuple[Keys, NDArray[np.float32]]:
        """Those of objects that were looked at, and their numbers (n, F), which can be compared with each other."""
        described = self.described(entry)
        if described is None:
            return np.zeros(0, np.int64), np.zeros((0, 0), np.float32)
        rows, there = _places(described.keys, keys + _first(entry))
        sort = (described.network, described.values.shape[1])
        alike = [one for one in self._images.entries if _sort(self.described(one)) == sort]
        return keys[there], self._usual_of(sort, alike).even(described.values[rows])

    @property
    def counted(self) -> str:
        """What is proposed from what, in a sentence; or what is missing."""
        told = self._told()
        if len(told) < 2:
            return "Give a few objects of each of two classes their class: then it is proposed for all others."
        return "Proposed from " + ", ".join(
            f"{told[one.value]} {one.name}" for one in self.classes if one.value in told
        )

    # within

    def _told(self) -> dict[int, int]:
        """How many objects were given each class."""
        values = [self.given(entry)[1] for entry in self._taught_in()]
        found, count = np.unique(np.concatenate([np.zeros(0, np.int64), *values]), return_counts=True)
        return dict(zip(found.tolist(), count.tolist(), strict=True))

    def _mark(self, objects: ArrayLike, value: int) -> None:
        refuse(self.why_not())
        entry = self._images.open_entry
        wanted = np.asarray(objects, np.int64).reshape(-1, 2)
        corner = [part.start for part in entry.region]
        self._edits.mark(entry, marks.give(entry.marks, entry.labels, corner, wanted, value))

    def _taught_in(self) -> Iterator[ProjectImage]:
        """The images in which objects may have been given a class."""
        for entry in self._images.entries:
            if entry is self._images.current or self.described(entry) is not None:
                yield entry

    def _head(self, described: Described) -> ClassHead | None:
        """What tells classes apart by what was seen in such a way."""
        sort = (described.network, described.values.shape[1])
        if sort not in self._heads:
            alike = [one for one in self._taught_in() if _sort(self.described(one)) == sort]
            rows, values = [], []
            for entry in alike:
                seen = self.described(entry)
                given, told = self.given(entry)
                if seen is not None and len(given):
                    at, there = _places(seen.keys, given)
                    rows.append(seen.values[at])
                    values.append(told[there])
                entry.let_go() if entry is not self._images.current else None
            self._heads[sort] = None
            if rows:
                usual = self._usual_of(sort, alike)
                self._heads[sort] = ClassHead.fit(usual, np.concatenate(rows), np.concatenate(values))
        return self._heads[sort]

    def _usual_of(self, sort: tuple[str, int], alike: list[ProjectImage]) -> Usual:
        if sort not in self._usual:
            seen = [one for entry in alike if (one := self.described(entry)) is not None]
            share = max(1, sum(len(one.keys) for one in seen) // (1 << 13))
            self._usual[sort] = Usual.of(np.concatenate([one.values[::share] for one in seen]), seen[0].own)
        return self._usual[sort]

    def _of(self, entry: ProjectImage) -> _Known:
        if entry.id not in self._known:
            self._known[entry.id] = _Known()
        return self._known[entry.id]

    def _make_room(self, used: _Known) -> None:
        """Keep no more in memory than there is room for; the disk has it."""
        held = [one for one in self._known.values() if one.described is not None]
        total = sum(one.described.values.nbytes for one in held if one.described is not None)
        for one in held:
            if total <= _ROOM:
                return
            if one is not used and one.is_on_disk and one.described is not None:
                total -= one.described.values.nbytes
                one.described = None

    def _on_edited(self, entry: ProjectImage, delta: Delta) -> None:
        known = self._known.get(entry.id)
        if known is None or known.is_none:
            return
        changed = np.flatnonzero(delta.labels_before != delta.labels_after)
        frames = delta.indices[changed] // int(np.prod(delta.shape[1:]))
        for ids in (delta.labels_before[changed], delta.labels_after[changed]):
            keys = np.unique((frames << 32) | ids.astype(np.int64))
            known.stale.update((key, entry.edits) for key in (keys[keys & 0xFFFFFFFF > 0] + _first(entry)).tolist())

    def _on_changed(self) -> None:
        self.version += 1
        self._heads.clear()

    def _change(self, value: int, **changes: str) -> None:
        self._choices.object_classes = tuple(
            one.model_copy(update=changes) if one.value == value else one for one in self.classes
        )
        self._signals.object_classes_changed.emit()

    def _name(self, value: int) -> str:
        return next((one.name for one in self.classes if one.value == value), f"class {value}")

    def _count(self, entry: ProjectImage, value: int) -> int:
        """How many objects of an image were given a class; of a large one any in parts that are not open count."""
        self.given(entry)
        there = self._of(entry).given
        return sum(
            one.value == value and (number in there or not _is_inside(one.points[0], entry))
            for number, one in entry.marks.items()
        )

    def _free_value(self) -> int | None:
        """One that no class had before, as an undo brings back what was given; None: the smallest that is free."""
        value = self._choices.object_classes_ever + 1
        return value if value <= MOST else None

    def _free_name(self, name: str) -> str:
        name = name.strip()
        if not name:
            raise UserError("A class needs a name.")
        if any(one.name == name for one in self.classes):
            raise UserError(f"There is a class {name} already: choose another name.")
        return name


def _sort(described: Described | None) -> tuple[str, int] | None:
    return None if described is None else (described.network, described.values.shape[1])


def _first(entry: ProjectImage) -> int:
    """What a key of the open part has less than one of the whole image."""
    return int(entry.region[0].start) << 32


def _is_inside(point: tuple[int, ...], entry: ProjectImage) -> bool:
    return all(part.start <= at < part.stop for at, part in zip(point, entry.region, strict=True))


def _places(among: Keys, keys: Keys) -> tuple[Keys, Keys]:
    """Where those of ``keys`` that are ``among`` ascending ones are there, and which they are."""
    if len(among) == 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(among, keys), len(among) - 1)
    there = np.flatnonzero(among[at] == keys)
    return at[there], there
