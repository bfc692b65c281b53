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
        boxes = [self.box, other.box] if other else [self.box]
        low, high = np.min(boxes, axis=0)[:, 0], np.max(boxes, axis=0)[:, 1]
        whole = np.zeros(high - low, bool)
        whole[_within(self.box, low)] = self.unpacked()
        if low[1] <= z < high[1]:
            whole[:, z - low[1]] = False
        if other:
            whole[_within(other.box, low)] |= other.unpacked()
        return self.of(whole, low)

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


def _within(box: Box, low: NDArray[np.integer]) -> tuple[slice, ...]:
    return tuple(slice(start - int(first), stop - int(first)) for (start, stop), first in zip(box, low, strict=True))
