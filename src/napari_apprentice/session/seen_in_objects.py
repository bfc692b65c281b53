"""What a network saw in the objects of each image: kept beside the labels, and in memory as far as there is room."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.objects.head import Usual
from napari_apprentice.data.objects.table import Objects, ObjectTable, found_in
from napari_apprentice.project.described import Described, Sort
from napari_apprentice.session.images import Images
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.signals import Signals

_ROOM = 1 << 28  # bytes of what was seen in objects, beyond those of the image at work

Keys = NDArray[np.int64]


@dataclass
class _Known:
    """What is known of an image: keys are of the whole image, frames counted from its first."""

    described: Described | None = None
    is_on_disk: bool = True  # as far as there is anything
    is_none: bool = False  # there is nothing
    stale: dict[int, int] = field(default_factory=dict)  # key, and how many edits the image had when it changed


class SeenInObjects:
    """Objects that are edited are not known as they are now, until they were looked at again."""

    def __init__(self, signals: Signals, images: Images) -> None:
        self._signals = signals
        self._images = images
        self._known: dict[str, _Known] = {}
        self._usual: dict[Sort, Usual] = {}
        signals.edited.connect(self._on_edited)

    def forget(self) -> None:
        """Another project may be opened."""
        self._known.clear()
        self._usual.clear()

    @property
    def network(self) -> str:
        """The key of the network with which the project's objects were looked at; "" before any was."""
        seen = (self.described(entry) for entry in self._images.entries)
        return next((one.network for one in seen if one is not None), "")

    def missing(self, entry: ProjectImage, table: ObjectTable, voxels: NDArray[np.int64]) -> Objects:
        """The objects of a table, with so many ``voxels`` each, that were not looked at as they are now."""
        known, described, whole = self._of(entry), self.described(entry), table.keys + first_key(entry)
        if described is None:
            return table.objects
        rows, there = found_in(described.keys, whole)
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
        found = Described(found.keys + first_key(entry), found.voxels, found.values, found.own, found.network)
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
        rows, there = found_in(described.keys, keys + first_key(entry))
        return keys[there], self.usual(described.sort).even(described.values[rows])

    def alike(self, sort: Sort) -> list[ProjectImage]:
        """The images in whose objects the same was looked for by the same network."""
        seen = ((entry, self.described(entry)) for entry in self._images.entries)
        return [entry for entry, one in seen if one is not None and one.sort == sort]

    def usual(self, sort: Sort) -> Usual:
        """How far each number varies among the objects that were looked at in such a way."""
        if sort not in self._usual:
            seen = [one for entry in self.alike(sort) if (one := self.described(entry)) is not None]
            share = max(1, sum(len(one.keys) for one in seen) // (1 << 13))
            self._usual[sort] = Usual.of(np.concatenate([one.values[::share] for one in seen]), seen[0].own)
        return self._usual[sort]

    # within

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
            known.stale.update((key, entry.edits) for key in (keys[keys & 0xFFFFFFFF > 0] + first_key(entry)).tolist())


def first_key(entry: ProjectImage) -> int:
    """What a key of the open part has less than one of the whole image."""
    return int(entry.region[0].start) << 32
