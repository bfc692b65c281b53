"""A large image of a project on disk: its labels in a store, of which one region at a time is open for editing.

::

    entries/<id>/entry.json         the image
                 store/             labels and confirmed voxels: `store`
                 region-3.json      which region was opened when journal 3 began
                 journal-3.bin      the same, and what was done there since

Opening another region writes the one that was open into the store, then the next number, and only then removes the
old journal. Changes hold absolute values, so that replaying a journal over a store that has some of them is right.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.corrections import top_id
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable, journal, numbered, open_region
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.image_folder import ImageFolder, Kept
from napari_apprentice.project.images import ImageRecord
from napari_apprentice.project.journal import Action, Record
from napari_apprentice.project.journal_length import JournalLength
from napari_apprentice.project.open_region import RegionRecord, newest, region_of, told_in
from napari_apprentice.project.snapshots import Arrays
from napari_apprentice.project.store import LabelStore


class LargeImageFolder(ImageFolder):
    """Where a large image's labels are kept; arrays that go in and out are those of ``region``."""

    def __init__(self, path: Path, image: ImageRecord, flusher: Flusher) -> None:
        super().__init__(path, image, flusher)
        self._number, self._told, self._lost = newest(self._pairs, path / "store", self._shape)
        self.store = LabelStore(path / "store", self._shape, self._told.labels, read_only=self.is_read_only)
        self.region = region_of(self._told, self._shape)
        self.top = self._told.top
        self._damaged_parts = ""  # a sentence about them

    def voxels_taught(self) -> int:
        """How many voxels are confirmed as objects, without loading them."""
        number, told, _ = newest(self._pairs, self.store.path, self._shape)
        try:
            records = journal.read(self._pairs.journal(number)).records
        except UserError:
            records = []
        return records[-1].taught if records else told.taught

    @property
    def is_used(self) -> bool:
        """Whether anything was ever done to the labels."""
        return (
            any(self.path.glob("journal-*.*"))
            or any(self.store.labelled_chunks())
            or any(self.store.confirmed_chunks())
        )

    def open_region(
        self,
        region: Region,
        labels: NDArray[np.uint32],
        confirmed: NDArray[np.uint8],
        changed: tuple[tuple[int, int], ...] | None,
        taught: int,
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Keep the arrays of the open region, then open another one; its labels and confirmed voxels.

        ``changed`` is the box of the old arrays in which anything changed since it was opened, None for nothing.
        `UserError` when the disk refuses: then the old region stays open, and nothing is lost.
        """
        if self.is_read_only and changed is None:
            opened = self.store.read(region) if region != self.region else (labels, confirmed)
            self._told, self.region = self._told_of(region, taught), region
            return opened
        self._check_place()
        if changed is not None:
            self._put_journal_on_disk()
            part = regions.align_to_chunks(self.region, changed, self.store.chunk)
            inside = regions.position_within(part, self.region)
            self.store.write(part, labels[inside], confirmed[inside])
        opened = self.store.read(region) if region != self.region else (labels, confirmed)
        self.top = max(self.top, top_id(labels))
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
        if not self.is_read_only:
            self.store.clear_unfinished()
        if not self._lost and not self.is_read_only:  # else nobody knows which labels count
            self.store.forget_others()
        self._mend_told()
        kept = super().load()
        self._lost = []
        edits = [record for record in kept.records if record.action != "region"]
        return Kept(kept.labels, kept.confirmed, edits, kept.complaint)

    def write_in(self, path: Path, image: ImageRecord) -> None:
        """Also which region is open."""
        super().write_in(path, image)
        open_region.write(path / "region-1.json", self._told)

    @property
    def names_of_labels(self) -> tuple[str, ...]:
        """The store is copied: only the open region is in memory."""
        return ("region-", "journal-", JournalLength.NAME)

    def write_all(self, labels: NDArray[np.uint32], confirmed: NDArray[np.uint8], taught: int) -> None:
        """Put all of the open region into the store."""
        whole = tuple((0, part.stop - part.start) for part in self.region)
        self.open_region(self.region, labels, confirmed, whole, taught)

    def append(self, action: Action, step: int, delta: bytes, taught: int) -> None:
        """Journal one change; a journal begins with the region that its changes are of."""
        opened = self._loaded()
        if opened.is_empty:
            with suppress(UserError):  # it waits, and so will the change
                opened.append(Record("region", 0, self._told.model_dump_json().encode(), self._told.taught))
        super().append(action, step, delta, taught)

    def _put_journal_on_disk(self) -> None:
        """What the store gets is in the journal first: a loss of power in between leaves no half of an edit."""
        opened = self._loaded()
        try:
            opened.sync()
        except OSError as error:
            raise durable.disk_trouble(error, opened.path) from error

    def _begin(self, region: Region, taught: int) -> None:
        """Write down which region is open, and begin a new journal."""
        journal_before = self._loaded()
        self._check_place()
        number = self._pairs.next(self._number)
        told = self._told_of(region, taught)
        try:
            self._write_told(number, told)
        except UserError as error:  # a journal of a larger number tells that the region before is open still
            self._go_on_beside(number + 1, journal_before, self._pairs.region(number), error)
            raise
        self._told, self.region = told, region
        self._go_on(number, journal_before)

    def _told_of(self, region: Region, taught: int) -> RegionRecord:
        t, z, y, x = ((part.start, part.stop) for part in region)
        return RegionRecord(region=(t, z, y, x), taught=taught, top=self.top, labels=self.store.number)

    def _mend_told(self) -> None:
        """Write down again which region is open, when only the journal says it."""
        path = self._pairs.region(self._number)
        if self.is_read_only or self._told.region is None or told_in(path, self._shape) is not None:
            return
        with suppress(OSError, UserError):
            if os.path.lexists(path):
                numbered.set_aside(path)
            self._write_told(self._number, self._told)

    def _write_told(self, number: int, told: RegionRecord) -> None:
        open_region.write(self._pairs.region(number), told)

    def _base(self) -> tuple[int, Arrays, list[Path]]:
        """What the store has of the open region; a damaged part of it is set aside, and said."""
        self._damaged_parts = ""
        try:
            arrays = self.store.read(self.region)
        except UserError as error:
            self._damaged_parts = str(error)
            arrays = self.store.read(self.region)
        return self._number, arrays, self._lost

    def _write_base(self, number: int, arrays: Arrays) -> None:
        self._write_told(number, self._told)

    def _complaint(
        self, base: int, journals: Sequence[int], unreadable: Sequence[Path], damaged: Sequence[Path], count: int
    ) -> str:
        sentences = [super()._complaint(base, [], [], damaged, count)]
        if unreadable:
            sentences.append(
                f"It cannot be read which part of {self.image.name} was open ({unreadable[0]}): what was corrected "
                "there last was set aside, all that was kept before is here; check the last objects you corrected."
            )
        sentences.append(self._damaged_parts)
        return " ".join(sentence for sentence in sentences if sentence)
