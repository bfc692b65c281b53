"""One proposed object: from the engine's answer to a mask, and from the mask to an edit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data import edits
from napari_apprentice.data.corrections import AS_LABELLED, BACKGROUND, KEPT, UNKNOWN, taught
from napari_apprentice.data.deltas import Delta, read_flat
from napari_apprentice.data.regions import Region
from napari_apprentice.jobs import ClickResult, Point
from napari_apprentice.session.entry import Entry

Box = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ClickProposal:
    """A mask over ``box`` ((start, stop) for t, z, y, x) that waits to be kept or discarded.

    ``repairs`` is the object it stands for (0: a new one).
    """

    entry: Entry
    box: Box
    mask: NDArray[np.bool_]
    repairs: int
    class_value: int | None


def looked_at(point: tuple[int, ...], inner: Region) -> Point:
    """A voxel of an entry's labels in what a network looks at; labels lie at ``inner`` there."""
    t, z, y, x = (i + part.start for i, part in zip(point, inner, strict=True))
    return t, z, y, x


def proposal_of(
    result: ClickResult, entry: Entry, point: Point, inner: Region, *, instances: bool
) -> ClickProposal | None:
    """The answer, cut where something else is vouched for; None when nothing is left.

    ``point`` and the answer are in what the network looked at; the entry's labels lie at ``inner`` there.
    """
    found = tuple((int(start), int(stop)) for start, stop in result.box)
    if not result.bits or len(found) != 4:
        return None
    shape = tuple(stop - start for start, stop in found)
    packed = np.frombuffer(bytes.fromhex(result.bits), np.uint8)
    mask = np.unpackbits(packed, count=int(np.prod(shape))).reshape(shape).astype(bool)
    kept = tuple(
        slice(max(start, part.start), min(stop, part.stop)) for (start, stop), part in zip(found, inner, strict=True)
    )
    if any(one.start >= one.stop for one in kept):
        return None
    mask = mask[tuple(slice(k.start - start, k.stop - start) for k, (start, _) in zip(kept, found, strict=True))].copy()
    box = tuple((k.start - part.start, k.stop - part.start) for k, part in zip(kept, inner, strict=True))
    t, z, y, x = (i - part.start for i, part in zip(point, inner, strict=True))
    at = tuple(slice(start, stop) for start, stop in box)
    labels, vouched = entry.labels[at], entry.vouched[at]
    open_ = instances and entry.vouched[t, z, y, x] in (UNKNOWN, KEPT)
    repairs = int(entry.labels[t, z, y, x]) if open_ else 0
    taken = vouched == BACKGROUND
    if instances:
        taken |= (vouched != UNKNOWN) & (labels != repairs)
    else:
        taken |= vouched == AS_LABELLED
    mask &= ~taken
    return ClickProposal(entry, box, mask, repairs, result.class_value) if mask.any() else None


def kept(proposal: ClickProposal) -> Delta:
    """The edit that makes the proposal a vouched object; what was left of the one it repairs is cleared."""
    labels, vouched = proposal.entry.labels, proposal.entry.vouched
    value = proposal.class_value or proposal.repairs or None
    added = edits.new_object(labels, vouched, proposal.mask, proposal.box, value, free=proposal.entry.next_id())
    if not proposal.repairs:
        return added
    frame = proposal.box[0][0]
    open_ = (labels[frame] == proposal.repairs) & (taught(vouched[frame]) == UNKNOWN)
    left = np.setdiff1d(np.flatnonzero(open_) + frame * open_.size, added.indices, assume_unique=True)
    before = np.full(len(left), proposal.repairs, np.uint32)
    sure = read_flat(vouched, left)
    return added.beside(Delta(added.shape, left, before, np.zeros_like(before), sure, np.full_like(sure, UNKNOWN)))
