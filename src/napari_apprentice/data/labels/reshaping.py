"""An object takes another shape: what every edit does that makes one from what the object is.

Arrays are (T, Z, Y, X); an object is all voxels of an id in one frame. The makers are in `shapes` and `between_slices`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, UNKNOWN, Confirmed, Labels, Mask
from napari_apprentice.data.labels.deltas import Delta, Indices, voxels_in
from napari_apprentice.errors import UserError

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class ObjectInFrame:
    """One object: its frame and id, a ``box`` (z, y, x) that holds it, and its ``mask`` there.

    With ``in_slice`` it is what of the object lies in a slice.
    """

    frame: int
    value: int
    box: Box
    mask: Mask
    in_slice: bool = False

    @classmethod
    def at(cls, labels: Labels, point: Sequence[float]) -> ObjectInFrame:
        """The object at ``point`` (t, z, y, x); `UserError` when there is none."""
        t, z, y, x = (round(i) for i in point)
        inside = all(0 <= i < n for i, n in zip((t, z, y, x), labels.shape, strict=True))
        value = int(labels[t, z, y, x]) if inside else 0
        if value == 0:
            raise UserError("There is no object here: point at one.")
        found = labels[t] == value
        box = _box_of(found)
        return cls(t, value, box, found[box])

    def section(self, z: int) -> ObjectInFrame:
        """What of it lies in a slice, one in which it is."""
        place = z - self.box[0].start
        return ObjectInFrame(
            self.frame, self.value, (slice(z, z + 1), *self.box[1:]), self.mask[place : place + 1], True
        )

    def within(self, shape: Sequence[int], more: Sequence[int]) -> tuple[Box, Mask]:
        """Its box with so many voxels ``more`` on each side, but not beyond an image of ``shape`` (Z, Y, X).

        What lies in a slice stays in it.
        """
        more = (0, *more[1:]) if self.in_slice else more
        z, y, x = (
            slice(max(0, edge.start - wide), min(n, edge.stop + wide))
            for edge, n, wide in zip(self.box, shape, more, strict=True)
        )
        wider = (z, y, x)
        mask = np.zeros([edge.stop - edge.start for edge in wider], bool)
        place = tuple(
            slice(edge.start - wide.start, edge.stop - wide.start) for edge, wide in zip(self.box, wider, strict=True)
        )
        mask[place] = self.mask
        return wider, mask


def reshaped(
    labels: Labels,
    confirmed: Confirmed,
    one: ObjectInFrame,
    box: Box,
    mask: Mask,
    *,
    over_background: bool = True,
) -> Delta:
    """The object is ``mask`` (Z, Y, X) in a ``box`` of its frame, and confirmed there; elsewhere it stays as it is.

    What it loses becomes confirmed background, as with the eraser. Confirmed and kept voxels of other objects are left
    out; confirmed background too unless it goes ``over_background``.
    """
    ids, sure = labels[one.frame][box], confirmed[one.frame][box]
    mine = ids == one.value
    free = (sure == UNKNOWN) | mine
    if over_background:
        free |= sure == BACKGROUND
    gains = edits.paint(labels, confirmed, _flat(labels, one.frame, box, mask & free), one.value)
    return gains.beside(edits.erase(labels, confirmed, _flat(labels, one.frame, box, mine & ~mask)))


def annotated_slices(one: ObjectInFrame, confirmed: Confirmed) -> list[int]:
    """The slices in which something of the object was painted or approved, ascending."""
    sure = (confirmed[one.frame][one.box] == AS_LABELLED) & one.mask
    return [int(z) + one.box[0].start for z in np.flatnonzero(sure.any(axis=(1, 2)))]


def _flat(labels: Labels, frame: int, box: Box, mask: Mask) -> Indices:
    return voxels_in(labels.shape, (frame, *(edge.start for edge in box)), mask[None])


def _box_of(mask: Mask) -> Box:
    rows = np.asarray(mask.any(axis=2))  # Z, Y
    lines = [rows.any(axis=1), rows.any(axis=0)]
    z, y = (slice(int(i[0]), int(i[-1]) + 1) for i in map(np.flatnonzero, lines))
    columns = np.flatnonzero(mask[z, y].any(axis=(0, 1)))
    return z, y, slice(int(columns[0]), int(columns[-1]) + 1)
