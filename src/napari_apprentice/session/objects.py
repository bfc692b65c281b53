"""The objects of the current image as a table that follows edits, and what is done to several of them at once."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels import object_edits
from napari_apprentice.data.labels.corrections import Confirmed, Labels
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.objects.filtering import removed_by
from napari_apprentice.data.objects.sums import Measured, ObjectSums, Summing
from napari_apprentice.data.objects.table import DOUBT, Objects, ObjectTable, found_in, keys_of
from napari_apprentice.errors import UserError
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.doubted import doubts_of
from napari_apprentice.session.edits import Edits
from napari_apprentice.session.images import Images, refuse
from napari_apprentice.session.object_classes import ClassesOfObjects
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.signals import Signals
from napari_apprentice.settings import FilterSettings

_ANEW = 1 << 18  # voxels of edits from which looking at everything again takes no longer


class ObjectsOfImage:
    """Measures the objects of the current image; nothing is measured before somebody asks.

    Edits are only noted when they are made; `advance` takes them in a little at a time, `now` at once.
    """

    def __init__(
        self, signals: Signals, choices: Choices, images: Images, edits: Edits, classes: ClassesOfObjects
    ) -> None:
        self._choices = choices
        self._images = images
        self._edits = edits
        self._classes = classes
        self._summing: Summing | None = None
        self._of: tuple[ProjectImage, int, int] | None = None  # the image, its reading, how many edits were heard of
        self._own: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        self._table: ObjectTable | None = None
        self._made_of: tuple[ObjectSums, Volume, dict[int, str], int] | None = None
        signals.edited.connect(self._on_edited)
        signals.doubts_changed.connect(self._on_doubts_changed)

    # the table

    @property
    def table(self) -> ObjectTable | None:
        """The table as far as it is known; None when nothing of the image that is current now is known yet."""
        entry = self._images.current
        return self._table if self._of is not None and self._of[0] is entry else None

    def now(self) -> ObjectTable:
        """The table as of now; `UserError` without an image, or when its pixels cannot be read."""
        self._images.open_entry  # noqa: B018 (says what is missing)
        while not self.advance(1.0):
            pass
        if self._table is None:
            raise RuntimeError("the table was measured and is not there")
        return self._table

    def advance(self, seconds: float) -> bool:
        """Measure on for about so long, a step at least; whether `table` is of now.

        `UserError` when pixels cannot be read.
        """
        entry = self._images.current
        if entry is None:
            self.forget()
            return True
        until = time.perf_counter() + seconds
        summing = self._begun(entry)
        try:
            while not summing.is_done:
                summing.step()
                if time.perf_counter() > until:
                    break
        except UserError:
            self.forget()
            raise
        if summing.is_done:
            self._make(summing, entry)
        return summing.is_done

    def forget(self) -> None:
        """Follow edits no longer."""
        self._summing = self._of = self._table = None

    def set_column(self, name: str, objects: ArrayLike, values: ArrayLike) -> None:
        """Show numbers of one's own in a column of that name, until there are others; no ``objects``: none.

        ``objects`` (n, 2) are frames and ids, ``values`` (n,) their numbers; all others have none (NaN).
        """
        keys, numbers = keys_of(np.asarray(objects, np.int64)), np.asarray(values, np.float64).ravel()
        if len(keys) != len(numbers):
            raise ValueError(f"{len(keys)} objects cannot have {len(numbers)} values")
        order = np.argsort(keys)
        self._made_of = None
        self._own.pop(name, None)
        if len(keys):
            self._own[name] = (keys[order], numbers[order])

    # what is done to objects

    def why_not(self) -> str:
        """Why rows cannot be approved, deleted or filtered; "" when they can."""
        if self._choices.kind == "classes":
            return "Areas of classes are not objects: a row is all of a class, correct it in the image."
        return "" if self._images.current is not None else "There is no image: open one first."

    def approve(self, objects: ArrayLike) -> None:
        """``objects`` (n, 2), frames and ids, are right as they are; one undo step."""
        self._edit(object_edits.approve_objects, objects)

    def delete(self, objects: ArrayLike) -> None:
        """``objects`` (n, 2), frames and ids, are none: what was there is confirmed background; one undo step."""
        self._edit(object_edits.delete_objects, objects)

    def remove(self, objects: ArrayLike) -> None:
        """``objects`` (n, 2), frames and ids, are labelled no more, which says and teaches nothing; one undo step."""
        self._edit(object_edits.remove_objects, objects)

    def found_by(self, settings: FilterSettings, *, edited: bool = False) -> Objects:
        """The objects that `filter` removes, (n, 2) frames and ids."""
        refuse(self.why_not())
        table = self.now()
        found = removed_by(table, settings)
        return table.objects[found if edited else found & ~table.is_edited]

    def filter(self, settings: FilterSettings, *, edited: bool = False) -> int:
        """Remove the objects that a filter finds, as `remove` does, and say how many; one undo step.

        What was painted, approved or cut, in whole or in part, stays unless ``edited`` says otherwise.
        """
        found = self.found_by(settings, edited=edited)
        self.remove(found)
        return len(found)

    def _edit(self, maker: Callable[[Labels, Confirmed, Objects], Delta], objects: ArrayLike) -> None:
        refuse(self.why_not())
        entry = self._images.open_entry
        self._edits.apply(entry, maker(entry.labels, entry.confirmed, np.asarray(objects, np.int64).reshape(-1, 2)))

    # following

    def _begun(self, entry: ProjectImage) -> Summing:
        """What adds up the image's labels: anew when they changed in another way than by edits heard of."""
        now = (entry, entry.reading, entry.edits)
        if self._summing is None or now != self._of:
            if self._of is None or self._of[0] is not entry:
                self._table = None
            self._of, self._summing = now, Summing(_measured(entry))
        return self._summing

    def _on_edited(self, entry: ProjectImage, delta: Delta) -> None:
        if self._summing is None or self._of is None or entry is not self._of[0]:
            return
        if self._summing.waiting + len(delta) > _ANEW:
            self._summing = None  # nothing of it is kept in memory: it is begun anew once somebody looks
            return
        self._summing.note(delta)
        self._of = (entry, self._of[1], self._of[2] + 1)

    def _on_doubts_changed(self, entry: ProjectImage) -> None:
        self._made_of = None

    def _make(self, summing: Summing, entry: ProjectImage) -> None:
        """Make the table, unless it is that of these sums already."""
        volume, sums, names, before = entry.volume, summing.sums, self._choices.class_names, self._made_of
        version = self._classes.version
        known = before is not None and before[0] is sums and before[1] is volume and before[2:] == (names, version)
        if sums is None or (known and self._table is not None):
            return
        made = ObjectTable.of(sums, volume, names, first_frame=summing.measured.region[0].start)
        doubted, doubts = doubts_of(entry)
        known_of = {DOUBT: (keys_of(doubted), doubts)} if len(doubts) else {}
        own = {**known_of, **self._own}.items()
        told = self._classes.of(entry, made.keys).columns(made.keys) if self._classes.classes and not names else {}
        self._table = made.with_columns({**told, **{name: _values(made.keys, *values) for name, values in own}})
        self._made_of = (sums, volume, names, version)


def _measured(entry: ProjectImage) -> Measured:
    channels = entry.volume.pixels.shape[1]
    return Measured(entry.labels, entry.confirmed, entry.region, entry.shape, entry.look, channels)


def _values(keys: NDArray[np.int64], own: NDArray[np.int64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of some keys (ascending) for all ``keys``; NaN where there is none."""
    rows, there = found_in(own, keys)
    found = np.full(len(keys), np.nan)
    found[there] = values[rows]
    return found
