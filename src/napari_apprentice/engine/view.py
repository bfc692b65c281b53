"""A part of a prediction, on the finer of the grids of network and image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.geometry.patches import Slices
from napari_apprentice.engine.predict import Prediction

Spot = tuple[int, int, int]


@dataclass(frozen=True)
class NetworkView:
    """Values (K, z, y, x) for a box of the image, and how places and masks go between both.

    ``rows`` and ``columns`` are, for each pixel of the box, where its centre lies on the view's grid.
    """

    values: np.ndarray
    box: Slices
    rows: np.ndarray
    columns: np.ndarray

    def place(self, at: Spot) -> Spot:
        """A voxel of the image on the view's grid."""
        z, y, x = (i - part.start for i, part in zip(at, self.box, strict=True))
        return z, int(self.rows[y]), int(self.columns[x])

    def at_image(self, mask: np.ndarray) -> np.ndarray:
        """A mask on the view's grid as a mask of the box."""
        return np.asarray(mask[:, self.rows[:, None], self.columns])


def view_of(prediction: Prediction, box: Slices, *, interpolates: bool = True) -> NetworkView:
    """What was predicted for a box (z, y, x) of the image; in the network's grid where it cannot be interpolated."""
    lengths = prediction.values.shape[2:]
    scales = [n / m for n, m in zip(lengths, prediction.shape[1:], strict=True)]
    if interpolates and max(scales) <= 1:
        values = prediction.values[:, box[0]].astype(np.float32)
        for axis, (part, scale, n) in enumerate(zip(box[1:], scales, lengths, strict=True), start=2):
            values = _interpolated(values, axis, (np.arange(part.start, part.stop) + 0.5) * scale - 0.5, n)
        rows, columns = (np.arange(part.stop - part.start) for part in box[1:])
        return NetworkView(values, box, rows, columns)
    places = [
        np.minimum(((np.arange(part.start, part.stop) + 0.5) * scale).astype(np.int64), n - 1)
        for part, scale, n in zip(box[1:], scales, lengths, strict=True)
    ]
    y, x = (slice(int(p[0]), int(p[-1]) + 1) for p in places)
    values = prediction.values[:, box[0], y, x].astype(np.float32)
    return NetworkView(values, box, places[0] - y.start, places[1] - x.start)


def _interpolated(values: np.ndarray, axis: int, places: np.ndarray, length: int) -> np.ndarray:
    """Linear interpolation along one axis; beyond the ends the last value goes on."""
    places = np.clip(places, 0, length - 1)
    low = np.minimum(places.astype(np.int64), max(0, length - 2))
    high = np.minimum(low + 1, length - 1)
    shape = [1] * values.ndim
    shape[axis] = -1
    share = (places - low).astype(np.float32).reshape(shape)
    return np.asarray(values.take(low, axis) * (1 - share) + values.take(high, axis) * share)
