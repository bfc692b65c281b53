"""A large image of a project on disk: its labels in a store, of which one region at a time is open for editing.

::

    entries/<id>/entry.json         the image
                 store/             labels and vouched voxels: `store`
                 region-3.json      which region was opened when journal 3 began
                 journal-3.bin      what was done there since

Opening another region writes the one that was open into the store, then the next number, and only then removes the
old journal. Changes hold absolute values, so that replaying a journal over a store that has some of them is right.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data import regions
from napari_apprentice.data.regions import Region, Shape
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable, journal
from napari_apprentice.project.entries import EntryFolder, Kept, number_of
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.images import ImageRecord
from napari_apprentice.project.journal import Journal
from napari_apprentice.project.store import LabelStore


class LargeFolder(EntryFolder):
    """Where a large image's labels are kept; arrays that go in and out are those of ``region``."""

    def __init__(self, path: Path, image: ImageRecord, flusher: Flusher) -> None:
        super().__init__(path, image, flusher)
        t, _, z, y, x = image.shape
        shape = (t, z, y, x)
        number, told = self._newest()
        self._number = number
        self.store = LabelStore(path / "store", shape, int(told.get("labels", 0)))
        self.region = _region(told.get("region"), shape)
        self.top = int(told.get("top", 0))  # no object had a larger id when the region was opened

    def voxels_taught(self) -> int:
        """How many voxels are vouched for as objects, without loading them."""
        number, told = self._newest()
        records = journal.read(self.path / f"journal-{number}.bin").records
        return records[-1].taught if records else int(told.get("taught", 0))

    @property
    def is_used(self) -> bool:
        """Whether anything was ever done to the labels."""
        return any(self.path.glob("journal-*.*")) or any(self.store.labelled()) or any(self.store.vouched())

    def open_region(
        self,
        region: Region,
        labels: NDArray[np.uint32],
        vouched: NDArray[np.uint8],
        changed: tuple[tuple[int, int], ...] | None,
        taught: int,
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Keep the arrays of the open region, then open another one; its labels and vouched voxels.

        ``changed`` is the box of the old arrays in which anything changed since it was opened, None for nothing.
        `UserError` when the disk refuses: then the old region stays open, and nothing is lost.
        """
        if changed is not None:
            part = regions.aligned(self.region, changed, self.store.chunk)
            inside = regions.within(part, self.region)
            self.store.write(part, labels[inside], vouched[inside])
        opened = self.store.read(region) if region != self.region else (labels, vouched)
        self.top = max(self.top, int(labels.max(initial=0)))
        self._begin(region, taught)
        return opened

    def exchange(self, number: int, taught: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Take the labels with a ``number`` instead of those there are; what is open of them.

        What was done in the open region must have been kept before.
        """
        before, self.store = self.store, LabelStore(self.store.path, self.store.shape, number)
        try:
            opened = self.store.read(self.region)
            self._begin(self.region, taught)
        except UserError:
            self.store = before
            raise
        return opened

    def load(self) -> Kept:
        """The open region as it was when its journal began, and the journal, which is continued from here."""
        self.store.forget_others()
        return super().load()

    def _begin(self, region: Region, taught: int) -> None:
        """Write down which region is open, and begin a new journal."""
        journal_before = self._loaded()
        number = self._number + 1
        box = [[part.start, part.stop] for part in region]
        told = {"region": box, "taught": taught, "top": self.top, "labels": self.store.number}
        durable.write_json(self.path / f"region-{number}.json", told)
        old, self._number, self.region = self._number, number, region
        journal_before.abandon()
        self._journal = Journal(self.path / f"journal-{number}.bin", self._flusher)
        for path in (self.path / f"journal-{old}.bin", self.path / f"region-{old}.json"):
            with suppress(OSError):  # another program may hold it; the newer number counts
                path.unlink(missing_ok=True)

    def _newest_state(self) -> tuple[int, NDArray[np.uint32], NDArray[np.uint8], str]:
        return self._number, *self.store.read(self.region), ""

    def _newest(self) -> tuple[int, dict[str, Any]]:
        """The newest region, with its number; `UserError` when it cannot be read: an older one names other labels."""
        found = sorted(self.path.glob("region-*.json"), key=number_of)
        if not found:
            return 0, {}
        try:
            return number_of(found[-1]), dict(json.loads(found[-1].read_text()))
        except (OSError, ValueError) as error:
            raise UserError(f"{found[-1]} cannot be read: restore it from a copy.") from error


def _region(box: Any, shape: Shape) -> Region:
    if box is None:
        return regions.region_at(shape, (0, *(n / 2 for n in shape[1:])))
    t, z, y, x = (slice(int(start), int(stop)) for start, stop in box)
    return t, z, y, x
