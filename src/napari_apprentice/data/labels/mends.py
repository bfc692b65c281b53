"""What may mend doubtful objects, as few numbers for each: what it would be joined with, where it would be cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

COLUMNS = 15  # of a record: three voxels, three chances
_STEPS = 10_000  # of a chance that are told apart in a record
_NOWHERE = -1  # a coordinate of a voxel that there is none of


@dataclass(frozen=True, eq=False)
class Mends:
    """Of each of n places how it may be mended.

    Attributes
    ----------
    joins
        A voxel (n, 4) as (t, z, y, x) of the neighbour that it is nearest to being one with.
    cuts
        Voxels (n, 2, 4) of the two peaks between which it would be cut.
    chances
        How likely (n, 3) it is right to join it, to cut it, to delete it; 0 where nothing speaks for that.
    """

    joins: NDArray[np.int64]
    cuts: NDArray[np.int64]
    chances: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.chances)

    @classmethod
    def nothing(cls, count: int) -> Self:
        """So many places of which nothing is known."""
        voxels = np.full((count, 3, 4), _NOWHERE, np.int64)
        return cls(voxels[:, 0], voxels[:, 1:], np.zeros((count, 3)))

    @classmethod
    def together(cls, parts: Sequence[Mends]) -> Self:
        """Of several frames or blocks."""
        return cls(
            np.concatenate([one.joins for one in parts]),
            np.concatenate([one.cuts for one in parts]),
            np.concatenate([one.chances for one in parts]),
        )

    def only(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Of some of the places, by a mask or by their numbers."""
        return type(self)(self.joins[which], self.cuts[which], self.chances[which])

    def moved(self, by: NDArray[np.int64]) -> Self:
        """The same in an array that begins ``by`` voxels (t, z, y, x) before this one."""
        return type(self)(_moved(self.joins, by), _moved(self.cuts, by), self.chances)

    def to_rows(self) -> NDArray[np.int64]:
        """Whole numbers (n, `COLUMNS`)."""
        voxels = np.concatenate([self.joins, self.cuts.reshape(-1, 8)], axis=1)
        return np.concatenate([voxels, np.rint(self.chances * _STEPS).astype(np.int64)], axis=1)

    @classmethod
    def from_rows(cls, rows: NDArray[np.int64]) -> Self:
        """What `to_rows` gave; `ValueError` for anything else. Whether voxels lie in the image is not looked at."""
        if rows.shape[1] != COLUMNS or (rows[:, :12] < _NOWHERE).any() or (rows[:, 12:] < 0).any():
            raise ValueError("these rows do not say how to mend places")
        return cls(rows[:, :4], rows[:, 4:12].reshape(-1, 2, 4), rows[:, 12:] / _STEPS)


def _moved(voxels: NDArray[np.int64], by: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where((voxels == _NOWHERE).all(axis=-1, keepdims=True), voxels, voxels + by)
