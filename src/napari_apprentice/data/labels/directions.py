"""Slices in any of the three directions: a volume as it is when another axis goes from slice to slice.

What works slice by slice is given the arrays and points of a volume as `Seen` has them, and its edit is taken back to
the volume's own order::

    across "y":  (T, Z, Y, X)  ->  (T, Y, Z, X), and slices are XZ planes
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_apprentice.data.labels.corrections import Confirmed, Labels
from napari_apprentice.data.labels.deltas import Delta

SliceAxis = Literal["z", "y", "x"]
AXES: tuple[SliceAxis, ...] = ("z", "y", "x")
_ORDERS: dict[SliceAxis, tuple[int, int, int]] = {"z": (0, 1, 2), "y": (1, 0, 2), "x": (2, 0, 1)}


class Seen:
    """Labels and confirmed voxels (T, Z, Y, X) as (T, slices, rows, columns), with slices ``across`` an axis: views."""

    def __init__(self, labels: Labels, confirmed: Confirmed, across: SliceAxis) -> None:
        self._order = _ORDERS[across]
        self.labels: Labels = self.array(labels)
        self.confirmed: Confirmed = self.array(confirmed)

    def array(self, array: NDArray[Any]) -> NDArray[Any]:
        """Such a view of another array (any, Z, Y, X)."""
        return array.transpose(0, *(axis + 1 for axis in self._order))

    def points(self, points: ArrayLike) -> NDArray[Any]:
        """Points (..., 4) as (t, z, y, x) as (t, slice, row, column)."""
        return np.asarray(points)[..., [0, *(axis + 1 for axis in self._order)]]

    def point(self, point: Sequence[float]) -> tuple[float, ...]:
        """One such point."""
        t, *place = point
        return t, *self.of(place)

    def of(self, sides: Sequence[Any]) -> tuple[Any, Any, Any]:
        """What is given for (z, y, x), such as a spacing, for (slice, row, column)."""
        a, b, c = self._order
        return sides[a], sides[b], sides[c]

    def back(self, sides: Sequence[Any]) -> tuple[Any, Any, Any]:
        """What is given for (slice, row, column), such as a box, for (z, y, x)."""
        z, y, x = (sides[self._order.index(axis)] for axis in range(3))
        return z, y, x

    def edit(self, delta: Delta) -> Delta:
        """An edit of the views as one of the arrays themselves."""
        if self._order == _ORDERS["z"]:
            return delta
        frames, *where = np.unravel_index(delta.indices, delta.shape)
        shape = (delta.shape[0], *self.back(delta.shape[1:]))
        indices = np.ravel_multi_index((frames, *self.back(where)), shape).astype(np.int64)
        order = np.argsort(indices)
        return delta.moved(shape, indices[order], order)
