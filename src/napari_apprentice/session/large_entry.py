"""An image too large to be labelled whole: one region of it is open, and every other one is a view away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data import regions
from napari_apprentice.data.corrections import AS_LABELLED
from napari_apprentice.data.deltas import Delta
from napari_apprentice.data.regions import Region
from napari_apprentice.data.stitching import shells, stitched
from napari_apprentice.data.volume import Volume
from napari_apprentice.project.entries import EntryFolder
from napari_apprentice.project.large import LargeFolder
from napari_apprentice.session.entry import Correction, Entry

Box = tuple[tuple[int, int], ...]


class LargeEntry(Entry):
    """``labels`` and ``vouched`` are those of ``region``; what was done elsewhere is in the project's store."""

    folder: LargeFolder

    def __init__(self, folder: LargeFolder, volume: Volume | None = None) -> None:
        self._changed: Box | None = None  # in the open region, since it was opened
        super().__init__(folder, volume)

    @property
    def region(self) -> Region:
        """The part of the image that is open for editing."""
        return self.folder.region

    @property
    def part(self) -> Volume:
        """The open region with what a network has to see around it."""
        t, z, y, x = regions.widened(self.region, self.shape)
        return replace(self.volume, pixels=self.volume.pixels[t, :, z, y, x])

    @property
    def inner(self) -> Region:
        """Where ``region`` lies in ``part``."""
        return regions.within(self.region, regions.widened(self.region, self.shape))

    @property
    def is_labelled(self) -> bool:
        """Whether there is any label anywhere."""
        return super().is_labelled or any(self._elsewhere(self.folder.store.labelled()))

    @property
    def is_vouched(self) -> bool:
        """Whether anything is vouched for anywhere."""
        return super().is_vouched or any(self._elsewhere(self.folder.store.vouched()))

    def holds(self, value: int) -> bool:
        """Whether any voxel anywhere has this id or class; reads what is labelled, chunk by chunk."""
        store = self.folder.store
        others = self._elsewhere(store.labelled())
        return super().holds(value) or any((store.read(one)[0] == value).any() for one in others)

    def next_id(self) -> int:
        """An id that no object has, in this region or elsewhere."""
        return max(self.folder.top, int(self.labels.max())) + 1

    def named(self, merged: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """New labels of ``region``: an object that goes on beyond its edge has the id it has there."""
        fixed = np.unique(merged[self.vouched == AS_LABELLED])
        around = shells(self.region, self.shape, lambda box: self.folder.store.read(box)[0])
        return stitched(merged, fixed, around, self.next_id())

    def open_region(self, region: Region) -> None:
        """Open another region; what was done in the one before is kept. `UserError` when the disk refuses."""
        before = self._corrected()
        opened = self.folder.open_region(region, before.labels, before.vouched, self._changed, self.voxels_taught)
        self._correction = Correction(*opened, before.history)
        self._changed = None
        self.reading += 1  # what runs for the old region is stale
        self.pixels.clear()

    def keep_snapshot(self) -> None:
        """Put what was done in the open region into the store and begin a new journal."""
        if self._changed is None:
            return
        correction = self._corrected()
        arrays = correction.labels, correction.vouched
        self.folder.open_region(self.region, *arrays, self._changed, self.voxels_taught)
        self._changed = None

    def _elsewhere(self, chunks: Iterable[Region]) -> Iterator[Region]:
        """Those outside the open region, of which the arrays are newer than the store."""
        return (one for one in chunks if not regions.lies_in(one, self.region))

    def _count(self, read: Correction) -> int:
        return self.folder.voxels_taught()

    def _note(self, delta: Delta) -> None:
        if len(delta):
            self._changed = _joined(self._changed, delta.box)


def _joined(one: Box | None, two: Box) -> Box:
    """The smallest box that holds both."""
    return two if one is None else tuple((min(a, c), max(b, d)) for (a, b), (c, d) in zip(one, two, strict=True))


def entry_of(folder: EntryFolder, volume: Volume | None = None) -> Entry:
    """An image of the project, as its folder keeps its labels."""
    return LargeEntry(folder, volume) if isinstance(folder, LargeFolder) else Entry(folder, volume)
