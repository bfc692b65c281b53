"""What is known of a solid from a few of its sections: its other slices, and what a corrected slice does to them.

The network sees sections, and of two neighbouring ones it tells little more than that they are alike. Three sections
that cross at right angles say more: how wide the object is in every slice, and where it ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Mask = NDArray[np.bool_]
Pixel = tuple[int, int]


@dataclass(frozen=True)
class Span:
    """A run of pixels in a row: its ``middle``, and ``half`` its width."""

    middle: float
    half: float


def span_at(row: Mask, at: int) -> Span | None:
    """The run of a row that is at a pixel, or nearest to it; None where the row is empty."""
    there = np.flatnonzero(row)
    if not there.size:
        return None
    runs = np.split(there, np.flatnonzero(np.diff(there) > 1) + 1)
    run = min(runs, key=lambda run: max(run[0] - at, at - run[-1], 0))
    return Span((run[0] + run[-1]) / 2, (run[-1] - run[0] + 1) / 2)


def deepest(mask: Mask) -> Pixel:
    """The pixel of a mask (Y, X) that is furthest from all that is not in it."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), mask.shape)
    return int(y), int(x)


def radius(mask: Mask) -> float:
    """Of the circle of the same area."""
    return float(np.sqrt(mask.sum() / np.pi))


def solid_of(mask: Mask, z: int, crossing: Pixel, sections: tuple[Mask, Mask]) -> Mask:
    """The solid (Z, Y, X) with a mask (Y, X) in slice ``z``, from sections (Z, X) and (Z, Y) through a pixel of it.

    In every other slice the mask is moved and stretched to the width that both sections have there; it ends up and
    down where one of them is empty.
    """
    y, x = crossing
    wide, high = span_at(mask[y], x), span_at(mask[:, x], y)
    solid = np.zeros((len(sections[0]), *mask.shape), bool)
    solid[z] = mask
    if wide is None or high is None:
        return solid
    rows, columns = np.arange(mask.shape[0]), np.arange(mask.shape[1])
    for step in (-1, 1):
        k, at_y, at_x = z + step, y, x
        while 0 <= k < len(solid):
            across, along = span_at(sections[0][k], at_x), span_at(sections[1][k], at_y)
            if across is None or along is None:
                break
            from_y = np.rint(high.middle + (rows - along.middle) * (high.half / along.half)).astype(int)
            from_x = np.rint(wide.middle + (columns - across.middle) * (wide.half / across.half)).astype(int)
            inside_y, inside_x = (from_y >= 0) & (from_y < mask.shape[0]), (from_x >= 0) & (from_x < mask.shape[1])
            solid[k][np.ix_(inside_y, inside_x)] = mask[np.ix_(from_y[inside_y], from_x[inside_x])]
            at_y, at_x, k = round(along.middle), round(across.middle), k + step
    return solid


def spread(
    solid: Mask, z: int, mask: Mask, step: float, ends: tuple[int | None, int | None], reach: float, within: range
) -> Mask:
    """The solid (Z, Y, X) with a new mask in slice ``z``, and in the slices around it the same correction, fading out.

    What changes is how far outlines lie from where they were. The correction is gone at ``ends``, slices below and
    above that are known to be right, or after ``reach`` pixels where there are none; a slice is ``step`` pixels
    thick. Only slices ``within`` change.
    """
    new = solid.copy()
    depths = _Depths(solid, step)
    old = depths.of(z)
    change = (depth_of(mask) if mask.any() else np.minimum(old, 0) - 1) - old
    for direction, end in zip((-1, 1), ends, strict=True):
        last = reach / step if end is None else abs(end - z)
        k = z + direction
        while k in within and abs(k - z) < last:
            new[k] = depths.of(k) + (1 - abs(k - z) / last) * change > 0
            k += direction
    new[z] = mask
    return new


class _Depths:
    """How deep each pixel of a slice lies inside its mask; negative outside, and less in slices beyond the ends."""

    def __init__(self, solid: Mask, step: float) -> None:
        self._solid, self._step = solid, step
        self._filled = np.flatnonzero(solid.any(axis=(1, 2)))

    def of(self, z: int) -> NDArray[np.float64]:
        if self._solid[z].any():
            return depth_of(self._solid[z])
        nearest = int(self._filled[np.abs(self._filled - z).argmin()])
        return np.asarray(np.minimum(depth_of(self._solid[nearest]), 0) - abs(z - nearest) * self._step)


def depth_of(mask: Mask) -> NDArray[np.float64]:
    """How many pixels deep each pixel lies inside a mask (Y, X), negative outside; the edges are outline, too."""
    inside = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return np.asarray(np.where(mask, inside - 0.5, 0.5 - ndimage.distance_transform_edt(~mask)))


def parts_at(solid: Mask, points: Sequence[tuple[int, int, int]]) -> Mask:
    """The connected parts of a solid that any of some voxels is in; all of it where none is."""
    parts, count = ndimage.label(solid, np.ones((3, 3, 3)))
    wanted = {int(parts[point]) for point in points} - {0}
    return solid if count < 2 or not wanted else np.isin(parts, list(wanted))


def without_parts_at(solid: Mask, points: Sequence[tuple[int, int, int]]) -> Mask:
    """The connected parts of a solid that none of some voxels is in; nothing where it is all of one part."""
    parts, count = ndimage.label(solid, np.ones((3, 3, 3)))
    if count < 2:
        return np.zeros_like(solid)
    return solid & ~np.isin(parts, [int(parts[point]) for point in points])
