"""From outlines to pixels: a pixel is inside where its centre is, as Fiji and QuPath have it.

Points are (x, y) in pixels, and pixel (0, 0) reaches from 0 to 1::

    0   1   2
    +---+---+      a square from 0 to 1 holds one pixel, whose centre is at .5
    | . |   |
    +---+---+
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.exports.outlines import Ring

Mask = NDArray[np.bool_]
_MOST_CROSSINGS = 1 << 22  # that are worked out at once


@dataclass(frozen=True)
class Filled:
    """The pixels of a shape: ``mask`` (y, x), whose first pixel is at ``top`` and ``left`` of the plane."""

    top: int
    left: int
    mask: Mask

    @property
    def box(self) -> tuple[slice, slice]:
        """Where the mask lies in the plane."""
        height, width = self.mask.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def fill(parts: Sequence[Sequence[Ring]], height: int, width: int) -> Filled:
    """The pixels of a plane that lie in any of the parts.

    Each part is rings of points (count, 2) as (x, y), closed or not; what lies in an even number of them is outside.
    What reaches beyond the plane is cut off. All points are finite.
    """
    points = [ring for part in parts for ring in part if len(ring) > 2]
    if not points:
        return Filled(0, 0, np.zeros((0, 0), bool))
    low = np.min([ring.min(axis=0) for ring in points], axis=0)
    high = np.max([ring.max(axis=0) for ring in points], axis=0)
    left, top = (int(np.clip(np.floor(at), 0, most)) for at, most in zip(low, (width, height), strict=True))
    right, bottom = (int(np.clip(np.ceil(at), 0, most)) for at, most in zip(high, (width, height), strict=True))
    mask = np.zeros((max(0, bottom - top), max(0, right - left)), bool)
    if mask.size:
        for part in parts:
            mask |= _inside([ring for ring in part if len(ring) > 2], top, left, mask.shape)
    return Filled(top, left, mask)


def _inside(rings: Sequence[Ring], top: int, left: int, shape: tuple[int, ...]) -> Mask:
    """Which pixels lie in an odd number of rings: along a row, each edge that is crossed turns in and out around."""
    height, width = shape
    turns = np.zeros((height, width + 1), np.uint8)
    for ring in rings:
        begin = np.asarray(ring, np.float64) - (left + 0.5, top + 0.5)  # centres of pixels are whole numbers
        end = np.roll(begin, -1, axis=0)
        first = np.clip(np.ceil(np.minimum(begin[:, 1], end[:, 1])), 0, height).astype(np.int64)
        stop = np.clip(np.ceil(np.maximum(begin[:, 1], end[:, 1])), 0, height).astype(np.int64)
        for some in _portions(stop - first):
            _turn(turns, begin[some], end[some], first[some], stop[some])
    inside: Mask = (np.cumsum(turns[:, :-1], axis=1, dtype=np.uint32) & 1).astype(bool)
    return inside


def _turn(turns: NDArray[np.uint8], begin: Ring, end: Ring, first: NDArray[np.int64], stop: NDArray[np.int64]) -> None:
    """Note in ``turns`` the first pixel behind each crossing of a row and an edge."""
    rows = stop - first
    edge = np.repeat(np.arange(len(rows)), rows)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(rows) - rows, rows) + first[edge]
    (x0, y0), (x1, y1) = begin[edge].T, end[edge].T
    share = (row - y0) / (y1 - y0)
    column = np.clip(np.ceil(x0 * (1 - share) + x1 * share), 0, turns.shape[1] - 1).astype(np.int64)
    np.bitwise_xor.at(turns, (row, column), np.uint8(1))


def _portions(rows: NDArray[np.int64]) -> list[slice]:
    """Edges in portions that cross a bounded number of rows together."""
    total = np.cumsum(rows)
    ends = np.unique(np.searchsorted(total, np.arange(_MOST_CROSSINGS, total[-1], _MOST_CROSSINGS), side="right"))
    cuts = [0, *(int(end) for end in ends if 0 < end < len(rows)), len(rows)]
    return [slice(a, b) for a, b in itertools.pairwise(cuts) if b > a]
