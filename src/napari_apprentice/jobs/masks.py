"""Masks small enough for a pipe: the box that holds them, and a bit for each voxel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.settings import Settings

Box = tuple[tuple[int, int], tuple[int, int], tuple[int, int], tuple[int, int]]
NOWHERE: Box = ((0, 0), (0, 0), (0, 0), (0, 0))


class PackedMask(Settings):
    """A mask over ``box`` ((start, stop) for t, z, y, x): its voxels, row-major, as packed bits in hex.

    ``bits`` is empty when nothing is there.
    """

    box: Box = NOWHERE
    bits: str = ""

    @classmethod
    def of(cls, mask: NDArray[np.bool_], corner: Sequence[int]) -> Self:
        """A mask (T, Z, Y, X) that begins at ``corner``, in the smallest box that holds it."""
        if not mask.any():
            return cls()
        used, box = [], []
        for axis, first in enumerate(corner):
            along = np.flatnonzero(mask.any(axis=tuple(other for other in range(4) if other != axis)))
            start, stop = int(along[0]), int(along[-1]) + 1
            used.append(slice(start, stop))
            box.append((int(first) + start, int(first) + stop))
        bits = np.packbits(mask[tuple(used)]).tobytes().hex()
        return cls(box=(box[0], box[1], box[2], box[3]), bits=bits)

    def __bool__(self) -> bool:
        return bool(self.bits)

    @property
    def slices(self) -> tuple[slice, slice, slice, slice]:
        """The box."""
        t, z, y, x = (slice(start, stop) for start, stop in self.box)
        return t, z, y, x

    def with_slice(self, other: Self, z: int) -> Self:
        """The same with what ``other`` has in slice ``z``; of one frame."""
        if not self:
            return other
        low, (whole, more) = _in_one_box(self, other)
        if 0 <= z - low[1] < whole.shape[1]:
            whole[:, z - low[1]] = False
        return self.of(whole | more, low.tolist())

    def iou(self, other: Self) -> float:
        """Intersection over union; 0 where nothing is in both."""
        if not (self and other):
            return 0.0
        _, (one, two) = _in_one_box(self, other)
        return float((one & two).sum() / (one | two).sum())

    def only_slice(self, z: int) -> Self:
        """What it has in slice ``z``."""
        (t, _), (first, stop), (y, _), (x, _) = self.box
        return (
            self.of(self.unpacked()[:, z - first : z - first + 1], (t, z, y, x)) if first <= z < stop else type(self)()
        )

    def unpacked(self) -> NDArray[np.bool_]:
        """The voxels in the box, (T, Z, Y, X)."""
        shape = tuple(stop - start for start, stop in self.box)
        packed = np.frombuffer(bytes.fromhex(self.bits), np.uint8)
        return np.unpackbits(packed, count=int(np.prod(shape))).reshape(shape).astype(bool)


def _in_one_box(*masks: PackedMask) -> tuple[NDArray[np.int64], list[NDArray[np.bool_]]]:
    """The first voxel of the box that holds some masks, and each of them over that box."""
    boxes = np.array([mask.box for mask in masks if mask])
    low, high = boxes[:, :, 0].min(axis=0), boxes[:, :, 1].max(axis=0)
    found = []
    for mask in masks:
        whole = np.zeros(high - low, bool)
        if mask:
            whole[tuple(slice(a - i, b - i) for (a, b), i in zip(mask.box, low, strict=True))] = mask.unpacked()
        found.append(whole)
    return low, found
