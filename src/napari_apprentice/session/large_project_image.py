"""An image too large to be labelled whole: one region of it is open, and every other one is a view away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import UNKNOWN, Confirmed, Labels, top_id
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.merging import keep_corrected
from napari_apprentice.data.labels.stitching import shells, stitch_labels
from napari_apprentice.jobs import StoreRef
from napari_apprentice.project.followed import followed_in
from napari_apprentice.project.image_folder import ImageFolder
from napari_apprentice.project.large import LargeImageFolder
from napari_apprentice.project.store import LabelStore
from napari_apprentice.session.history import Exchange, UndoStep
from napari_apprentice.session.project_image import Correction, ProjectImage, open_places

Box = tuple[tuple[int, int], ...]
_KEPT_FREE = 100_000  # ids for objects painted while the whole image is segmented


class LargeProjectImage(ProjectImage):
    """``labels`` and ``confirmed`` are those of ``region``; what was done elsewhere is in the project's store."""

    folder: LargeImageFolder

    def __init__(self, folder: LargeImageFolder, volume: Volume | None = None) -> None:
        self._changed: Box | None = None  # in the open region, since it was opened
        self._kept: set[tuple[int, ...]] | None = None  # chunks put into the store since `exchange_begins`
        super().__init__(folder, volume)

    @property
    def region(self) -> Region:
        """The part of the image that is open for editing."""
        return self.folder.region

    @property
    def part(self) -> Volume:
        """The open region with what a network has to see around it."""
        t, z, y, x = regions.widen(self.region, self.shape)
        return replace(self.volume, pixels=self.volume.pixels[t, :, z, y, x])

    @property
    def inner(self) -> Region:
        """Where ``region`` lies in ``part``."""
        return regions.position_within(self.region, regions.widen(self.region, self.shape))

    @property
    def is_labelled(self) -> bool:
        """Whether there is any label anywhere."""
        return super().is_labelled or any(self._elsewhere(self.folder.store.labelled_chunks()))

    @property
    def is_confirmed(self) -> bool:
        """Whether anything is confirmed anywhere."""
        return super().is_confirmed or any(self._elsewhere(self.folder.store.confirmed_chunks()))

    @property
    def is_being_segmented(self) -> bool:
        """Whether the project holds the beginning of a proposal for all of the image."""
        return any(self.folder.path.glob(f"*{self.proposal.name}*"))

    @property
    def proposal(self) -> Path:
        """Where a proposal for all of the image is made, to be merged into the labels."""
        return self.folder.path / "proposal.zarr"

    def holds(self, value: int) -> bool:
        """Whether any voxel anywhere has this id or class; reads what is labelled, chunk by chunk."""
        store = self.folder.store
        others = self._elsewhere(store.labelled_chunks())
        return super().holds(value) or any((store.read(one)[0] == value).any() for one in others)

    def still_open(self, doubts: Doubts) -> NDArray[np.bool_]:
        """Which places nobody said anything about yet; reads only the open region, and chunks with corrections."""
        still = np.ones(len(doubts), bool)
        here = doubts.inside(self.region)
        still[here] = super().still_open(doubts.only(here).moved([-part.start for part in self.region]))
        for chunk in self._elsewhere(self.folder.store.confirmed_chunks()):
            those = np.flatnonzero(~here & doubts.inside(chunk))
            if len(those):
                labels, confirmed = self.folder.store.read(chunk)
                place = tuple((doubts.points[those] - np.array([part.start for part in chunk])).T)
                still[those] = open_places(labels[place], confirmed[place], doubts.missed[those])
        return still

    def next_id(self) -> int:
        """An id that no object has, in this region or elsewhere."""
        return self._free_id(self.labels)

    def numbered(self, merged: Labels, labels: Labels, confirmed: Confirmed, *, link: bool) -> Labels:
        """New labels of ``region``: an object that goes on beyond its edge has the id it has there.

        With ``link`` so has one that is seen in the frame before, or in the next.
        """
        fixed = np.unique(merged[confirmed != UNKNOWN])
        around = shells(self.region, self.shape, lambda box: self.folder.store.read(box)[0])
        followed = followed_in(self.folder.store, self.region, merged) if link else []
        return stitch_labels(merged, fixed, around, self._free_id(labels), followed)

    def open_region(self, region: Region) -> None:
        """Open another region; what was done in the one before is kept. `UserError` when the disk refuses."""
        before = self._corrected()
        opened = self._keep(region, before)
        self._correction = Correction(*opened, before.history, before.marks)
        self.reading += 1  # what runs for the old region is stale
        self.pixels.clear()

    def keep_snapshot(self) -> None:
        """Put what was done in the open region into the store and begin a new journal."""
        now = self._corrected()  # which may replay a journal first
        if self._changed is not None:
            self._keep(self.region, now)

    def begin_anew(self) -> None:
        """Put all of the open region into the store and begin a new journal."""
        now = self._corrected()
        self._changed = tuple((0, part.stop - part.start) for part in self.region)
        self._keep(self.region, now)

    def exchange_begins(self) -> StoreRef:
        """Where labels for all of the image are to be written; what is corrected meanwhile is noted."""
        self.keep_snapshot()
        self._kept = set()
        return self.folder.store.exchange(self.next_id() + _KEPT_FREE)

    def take_over(self, ref: StoreRef, top: int) -> None:
        """Labels of all of the image are in ``ref.merged``, with ids up to ``top``; one undo step.

        What was corrected since they were begun stays as it is.
        """
        self.keep_snapshot()
        store = self.folder.store
        before, after = store.number, int(ref.merged.rpartition("-")[2])
        newer = LabelStore(store.path, store.shape, after)
        parts = [regions.chunk_region(place, store.chunk, store.shape) for place in self._kept or ()]
        undone = self._undone(parts, newer, ref.first)
        for part in parts:
            labels, confirmed = store.read(part)
            found = newer.read(part)[0]
            found[np.isin(found, undone)] = 0
            newer.write(part, keep_corrected(found, labels, confirmed), confirmed)
        self._kept = None
        self.folder.top = max(self.folder.top, top)
        self._exchange(after)
        self.history.record_exchange(Exchange(before, after), self.region)

    def exchange_back(self, step: UndoStep, *, again: bool) -> None:
        """Undo `take_over`, or do it ``again``."""
        if step.exchange is not None:
            self.keep_snapshot()
            self._exchange(step.exchange.after if again else step.exchange.before)
            self.history.step_exchange(again=again)

    def _undone(self, parts: Sequence[Region], newer: LabelStore, first: int) -> list[int]:
        """Objects in these parts of new labels that were confirmed when they were begun, and are nowhere any more.

        They have ids below ``first``, as have those that are linked to an object that is confirmed in another frame.
        """
        store = self.folder.store
        left = {int(one) for part in parts for one in np.unique(newer.read(part)[0]) if 0 < one < first}
        for part in (*parts, *store.confirmed_chunks()):
            if not left:
                break
            left.difference_update(_confirmed_ids(*store.read(part)).tolist())
        return sorted(left)

    def _exchange(self, number: int) -> None:
        correction = self._corrected()
        self._keep_marks(correction)
        exchanged = self.folder.exchange(number, self.voxels_taught)
        self._correction = Correction(*exchanged, correction.history, correction.marks)
        self.reading += 1
        self.pixels.clear()

    def _keep(self, region: Region, now: Correction) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        if self._changed is not None and self._kept is not None:
            chunk = self.folder.store.chunk
            self._kept.update(regions.chunks_in(regions.align_to_chunks(self.region, self._changed, chunk), chunk))
        self._keep_marks(now)
        opened = self.folder.open_region(region, now.labels, now.confirmed, self._changed, self.voxels_taught)
        self._changed = None
        return opened

    def _keep_marks(self, now: Correction) -> None:
        """What objects were given is in the journal, which goes."""
        if not self.folder.is_read_only:
            self.folder.keep_marks(now.marks)

    def _free_id(self, labels: NDArray[np.uint32]) -> int:
        return max(self.folder.top, top_id(labels)) + 1

    def _elsewhere(self, chunks: Iterable[Region]) -> Iterator[Region]:
        """Those outside the open region, of which the arrays are newer than the store."""
        return (one for one in chunks if not regions.lies_in(one, self.region))

    def _count(self, read: Correction) -> int:
        return self.folder.voxels_taught()

    def _note(self, delta: Delta) -> None:
        if len(delta):
            self._changed = _joined(self._changed, delta.box)


def _confirmed_ids(labels: NDArray[np.uint32], confirmed: NDArray[np.uint8]) -> NDArray[np.uint32]:
    return np.unique(labels[confirmed != UNKNOWN])


def _joined(one: Box | None, two: Box) -> Box:
    """The smallest box that holds both."""
    return two if one is None else tuple((min(a, c), max(b, d)) for (a, b), (c, d) in zip(one, two, strict=True))


def project_image_of(folder: ImageFolder, volume: Volume | None = None) -> ProjectImage:
    """An image of the project, as its folder keeps its labels."""
    return LargeProjectImage(folder, volume) if isinstance(folder, LargeImageFolder) else ProjectImage(folder, volume)
