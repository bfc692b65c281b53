"""One object that is proposed until it is kept: what was asked, what there is of it, and the edit that keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, UNKNOWN
from napari_apprentice.data.labels.deltas import Delta, read_flat, voxels_in
from napari_apprentice.jobs import Asked, PackedMask, Point
from napari_apprentice.session.project_image import ProjectImage

Box = tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class ClickProposal:
    """A mask over ``box`` ((start, stop) for t, z, y, x) that waits to be kept or discarded.

    Attributes
    ----------
    repairs
        The object it stands for (0: a new one).
    asked
        The clicks so far, and the mask as it was answered, where the image is that the network looks at.
    before
        What was proposed one click ago; None: nothing.
    """

    entry: ProjectImage
    box: Box
    mask: NDArray[np.bool_]
    repairs: int = 0
    class_value: int | None = None
    asked: Asked = field(default_factory=Asked)
    before: ClickProposal | None = None

    @property
    def frame(self) -> int:
        """The frame that it lies in."""
        return self.box[0][0]

    def holds(self, at: tuple[int, ...]) -> bool:
        """Whether a voxel (t, z, y, x) belongs to it."""
        inside = all(start <= i < stop for i, (start, stop) in zip(at, self.box, strict=True))
        return inside and bool(self.mask[tuple(i - start for i, (start, _) in zip(at, self.box, strict=True))])

    @property
    def width(self) -> float:
        """How wide it is in its slice, in pixels."""
        return float(max(stop - start for start, stop in self.box[2:]))


def looked_at(point: tuple[int, ...], inner: Region) -> Point:
    """A voxel of an entry's labels in what a network looks at; labels lie at ``inner`` there."""
    t, z, y, x = (i + part.start for i, part in zip(point, inner, strict=True))
    return t, z, y, x


def taken_up(entry: ProjectImage, at: tuple[int, ...]) -> ClickProposal:
    """The object at a voxel (t, z, y, x) as it is, to be repaired by further clicks."""
    number, frame = int(entry.labels[at]), at[0]
    packed = PackedMask.of((entry.labels[frame] == number)[None], (frame, 0, 0, 0))
    looked = packed.model_copy(update={"box": tuple(_moved(packed.box, entry.inner))})
    asked = Asked(add=(looked_at(at, entry.inner),), mask=looked)
    return ClickProposal(entry, packed.box, packed.unpacked(), number, None, asked)


def proposal_of(
    mask: PackedMask, entry: ProjectImage, inner: Region, *, repairs: int = 0, class_value: int | None = None
) -> ClickProposal | None:
    """The answer, cut where something else is confirmed; None when nothing is left.

    The answer is in what the network looked at; the entry's labels lie at ``inner`` there. With a class, areas are
    cut where anything is confirmed.
    """
    if not mask:
        return None
    kept = tuple(
        slice(max(start, part.start), min(stop, part.stop)) for (start, stop), part in zip(mask.box, inner, strict=True)
    )
    if any(one.start >= one.stop for one in kept):
        return None
    found = mask.unpacked()
    found = found[tuple(slice(k.start - a, k.stop - a) for k, (a, _) in zip(kept, mask.box, strict=True))].copy()
    box = tuple((k.start - part.start, k.stop - part.start) for k, part in zip(kept, inner, strict=True))
    at = tuple(slice(start, stop) for start, stop in box)
    labels, confirmed = entry.labels[at], entry.confirmed[at]
    taken = confirmed == BACKGROUND
    if class_value is None:
        taken |= (confirmed != UNKNOWN) & (labels != repairs)
    else:
        taken |= confirmed == AS_LABELLED
    found &= ~taken
    return ClickProposal(entry, box, found, repairs, class_value) if found.any() else None


def keeping_edit(proposal: ClickProposal) -> Delta:
    """The edit that makes the proposal a confirmed object; what was left of the one it repairs is cleared.

    An id that was given to another object since that one was taken up is not touched: the proposal is a new one then.
    """
    entry, number = proposal.entry, proposal.repairs
    labels, confirmed = entry.labels, entry.confirmed
    now = edits.voxels_of(labels, proposal.frame, None, [number]) if number else np.empty(0, np.int64)
    before = _voxels_of(_taken_up_as(proposal))
    was_seen = np.isin(now, before, assume_unique=True)
    if 2 * np.count_nonzero(was_seen) < min(len(now), len(before)):
        number = 0
    free = number or entry.next_id()
    added = edits.new_object(labels, confirmed, proposal.mask, proposal.box, proposal.class_value, free=free)
    if not number:
        return added
    left = now[was_seen | (read_flat(confirmed, now) == UNKNOWN)]  # what was confirmed of it since then stays
    left = np.setdiff1d(left, np.union1d(_voxels_of(proposal), added.indices), assume_unique=True)
    old = np.full(len(left), number, np.uint32)
    sure = read_flat(confirmed, left)
    return added.beside(Delta(added.shape, left, old, np.zeros_like(old), sure, np.full_like(sure, UNKNOWN)))


def _taken_up_as(proposal: ClickProposal) -> ClickProposal:
    """What was there before the first click on it."""
    while proposal.before is not None:
        proposal = proposal.before
    return proposal


def _voxels_of(proposal: ClickProposal) -> NDArray[np.int64]:
    """Its flat indices into labels, ascending."""
    return voxels_in(proposal.entry.labels.shape, [start for start, _ in proposal.box], proposal.mask)


def _moved(box: Box, inner: Region) -> Box:
    return tuple((start + part.start, stop + part.start) for (start, stop), part in zip(box, inner, strict=True))
