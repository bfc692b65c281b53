"""What of an image a small picture shows: which pixels of the screen are which voxels of a slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.session.doubtful_places import DoubtfulPlace, usual_width
from napari_apprentice.session.suggestion import Suggestion

_USUAL, _LARGEST = 0.3, 0.7  # of the picture that a typical object takes, and that all that is shown takes at most
_MOVED = 0.2  # of the picture, at most, for an object near the edge of the image, so that no words lie on it
_LEAST_VOXELS = 24.0  # that a typical object is taken to be wide, as where `Next` goes


@dataclass(frozen=True, eq=False)
class View:
    """A slice, and for each row and column of the picture the voxel there, which may lie outside of the image."""

    t: int
    z: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]

    @property
    def voxels_per_pixel(self) -> float:
        """Along the columns."""
        return float(self.columns[-1] - self.columns[0] + 1) / len(self.columns)

    def of(self, array: NDArray[np.generic], y: int, x: int) -> NDArray[np.generic]:
        """What a plane (Y, X) that begins at voxel ``y``, ``x`` has at each pixel; 0 beside it."""
        rows, columns = self.rows - y, self.columns - x
        height, width = array.shape
        found = array[np.ix_(np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1))]
        found[(rows < 0) | (rows >= height)] = 0
        found[:, (columns < 0) | (columns >= width)] = 0
        return found


def view_of(place: DoubtfulPlace, suggestion: Suggestion | None, width: int, height: int) -> View:
    """The slice through a place, so near that its neighbours are seen, on ``width`` x ``height`` pixels.

    It lies in the middle, unless the image ends near it.
    """
    entry = place.entry
    flat = entry.volume.spacing[1] / entry.volume.spacing[2]  # how high a voxel is, in its widths
    boxes = [place.box[2:]]
    if suggestion is not None:
        boxes.append(_whole(suggestion))
    (top, bottom), (left, right) = (
        (min(one[axis].start for one in boxes), max(one[axis].stop for one in boxes)) for axis in (0, 1)
    )
    usual = max(usual_width(entry) or 0.0, _LEAST_VOXELS)
    shown = max(usual / _USUAL, (right - left) / _LARGEST, (bottom - top) * flat / _LARGEST)
    step = shown / min(width, height)  # voxels of a pixel
    t, z = place.point[:2]
    rows = _around((top + bottom) / 2, height, step / flat, entry.shape[2])
    return View(t, z, rows, _around((left + right) / 2, width, step, entry.shape[3]))


def _around(middle: float, pixels: int, step: float, length: int) -> NDArray[np.int64]:
    """The voxel of each pixel, ``step`` apart, around a middle; moved a little where an image so long ends near it."""
    seen = pixels * step
    first = middle - seen / 2
    inside = min(max(0.0, first), length - seen) if seen <= length else first
    first = min(max(inside, first - _MOVED * seen), first + _MOVED * seen)
    return np.floor(first + (np.arange(pixels) + 0.5) * step).astype(np.int64)


def _whole(suggestion: Suggestion) -> tuple[slice, slice]:
    """Rows and columns of what it changes, in the whole image."""
    y, x = (
        slice(side.start + part.start, side.stop + part.start)
        for side, part in zip(suggestion.box[2:], suggestion.region[2:], strict=True)
    )
    return y, x
