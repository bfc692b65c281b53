"""Classes of objects: those that the user gave, and what a small head proposes for all others from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_apprentice.data.labels.new_class import MOST, new_class
from napari_apprentice.data.objects import marks
from napari_apprentice.data.objects.classes import ObjectClasses
from napari_apprentice.data.objects.head import ClassHead
from napari_apprentice.data.objects.table import found_in
from napari_apprentice.errors import UserError
from napari_apprentice.project.described import Described, Sort
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.edits import Edits
from napari_apprentice.session.images import Images, refuse
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.seen_in_objects import Keys, SeenInObjects, first_key
from napari_apprentice.session.signals import Signals
from napari_apprentice.settings import ClassName


@dataclass
class _Given:
    """Numbers of marks, and the keys of their objects in the whole image; ``of`` the state of it that this is of."""

    keys: dict[int, int] = field(default_factory=dict)
    of: tuple[int, int, int] | None = None


class ClassesOfObjects:
    """Fitted anew with every object that is given a class; what the user gave is never overruled.

    ``version`` changes with everything that classes depend on, ``seen`` has what a network saw in objects.
    """

    def __init__(self, signals: Signals, choices: Choices, images: Images, edits: Edits) -> None:
        self._signals = signals
        self._choices = choices
        self._images = images
        self._edits = edits
        self.seen = SeenInObjects(signals, images)
        self._given: dict[str, _Given] = {}
        self._heads: dict[Sort, ClassHead | None] = {}
        self._found: tuple[tuple[object, ...], ObjectClasses] | None = None
        self.version = 0
        signals.object_classes_changed.connect(self._on_changed)

    def forget(self) -> None:
        """Another project may be opened."""
        self.seen.forget()
        self._given.clear()
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
        known, own = self._given.setdefault(entry.id, _Given()), entry.marks
        state = (entry.edits, entry.markings, entry.reading)
        if known.of != state:
            corner = [part.start for part in entry.region]
            seen = marks.given(own, entry.labels, corner)
            inside = {number for number, one in own.items() if entry.has_open(one.points[0])}
            kept = {number: key for number, key in known.keys.items() if number in own and number not in inside}
            found = {number: ((frame + corner[0]) << 32) | one for number, (frame, one) in seen.items()}
            known.keys, known.of = {**kept, **found}, state
        latest = {key: own[number].value for number, key in sorted(known.keys.items())}
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
        whole = keys + first_key(entry)
        values, chances = np.zeros(len(keys), np.int64), np.zeros(len(keys))
        by_hand = np.zeros(len(keys), bool)
        described = self.seen.described(entry)
        head = None if described is None else self._head(described)
        if head is not None and described is not None and len(described.keys):
            rows, there = found_in(described.keys, whole)
            values[there], chances[there] = head.propose(described.values[rows])
        given, told = self.given(entry)
        if len(given):
            rows, there = found_in(given, whole)
            values[there], chances[there], by_hand[there] = told[rows], 1.0, True
        names = {one.value: one.name for one in self.classes}
        colors = {one.value: one.color for one in self.classes}
        found = ObjectClasses(keys, values, chances, by_hand, names, colors)
        self._found = (state, found)
        return found

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
            if entry is self._images.current or self.seen.described(entry) is not None:
                yield entry

    def _head(self, described: Described) -> ClassHead | None:
        """What tells classes apart by what was seen in such a way."""
        sort = described.sort
        if sort not in self._heads:
            rows, values = [], []
            for entry in self.seen.alike(sort):
                seen = self.seen.described(entry)
                given, told = self.given(entry)
                if seen is not None and len(given):
                    at, there = found_in(seen.keys, given)
                    rows.append(seen.values[at])
                    values.append(told[there])
                if entry is not self._images.current:
                    entry.let_go()
            self._heads[sort] = None
            if rows:
                usual = self.seen.usual(sort)
                self._heads[sort] = ClassHead.fit(usual, np.concatenate(rows), np.concatenate(values))
        return self._heads[sort]

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
        there = self._given[entry.id].keys
        return sum(
            one.value == value and (number in there or not entry.has_open(one.points[0]))
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
