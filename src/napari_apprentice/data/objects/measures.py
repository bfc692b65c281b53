"""Size, shape and brightness of objects as numbers that can be compared: what a class is told by, beside a network."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import Labels, rank_ids

SHAPES = ("size", "elongation", "flatness", "roughness", "fill", "at the edge")
_LEAST = 1e-9


class Measuring:
    """Sums over the slices of one frame (Z, Y, X), from which `values` follow; slices are added in any order."""

    def __init__(self, frame: Labels, spacing: Sequence[float], channels: int) -> None:
        self._labels = frame
        self._spacing = np.asarray(spacing, float)
        self._names, self._ranks = rank_ids(frame, 1 << 16)
        count = len(self._names)
        self._voxels = np.zeros(count)
        self._sums = np.zeros((3, count))  # of coordinates
        self._products = np.zeros((3, 3, count))
        self._rim = np.zeros(count)
        self._edge = np.zeros(count)
        self._light = np.zeros((2, channels, count))  # of intensities and of their squares

    def add(self, z: int, colours: NDArray[np.float32]) -> None:
        """Take in a slice, with its intensities (C, Y, X), each channel from about 0 to 1."""
        ranks = self._ranks[z]
        y, x = np.nonzero(ranks)
        if len(y) == 0:
            return
        own, count = ranks[y, x], len(self._names)

        def added(weights: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
            return np.bincount(own, weights, count).astype(float)

        self._voxels += added()
        steps = self._spacing
        at = [np.full(len(y), z * steps[0]), y * steps[1], x * steps[2]]
        for i, one in enumerate(at):
            self._sums[i] += added(one)
            for j in range(i + 1):
                self._products[i, j] += added(one * at[j])
        around = np.pad(ranks, 1)
        for move in ((0, 1), (2, 1), (1, 0), (1, 2)):
            self._rim += added((around[y + move[0], x + move[1]] != own).astype(float))
        height, width = ranks.shape
        self._edge += added(((y == 0) | (y == height - 1) | (x == 0) | (x == width - 1)).astype(float))
        for channel, values in enumerate(colours):
            inside = values[y, x].astype(float)
            self._light[0, channel] += added(inside)
            self._light[1, channel] += added(inside**2)

    def values(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of objects (n,): `SHAPES`, then of each channel the mean and how far it varies, (n, 6 + 2 C)."""
        at = np.searchsorted(self._names, ids)
        n = np.maximum(self._voxels[at], 1)
        middle = self._sums[:, at] / n
        spread = np.zeros((len(ids), 3, 3))
        for i in range(3):
            for j in range(i + 1):
                spread[:, i, j] = spread[:, j, i] = self._products[i, j][at] / n - middle[i] * middle[j]
        spread += np.diag(self._spacing**2 / 12)  # a voxel is no point
        flat = self._labels.shape[0] == 1
        if flat:
            spread = spread[:, 1:, 1:]
        axes = np.sqrt(np.maximum(np.linalg.eigvalsh(spread), _LEAST))  # ascending
        size = n * np.prod(self._spacing[1:] if flat else self._spacing)
        ellipse = (4 * math.pi if flat else 4 / 3 * math.pi * 5**1.5) * np.prod(axes, axis=1)
        light = self._light[:, :, at] / n
        deviation = np.sqrt(np.maximum(light[1] - light[0] ** 2, 0))
        found = [
            np.log(size),
            axes[:, -2] / axes[:, -1],
            axes[:, 0] / axes[:, -1],
            self._rim[at] / np.sqrt(n),
            size / ellipse,
            self._edge[at] > 0,
            *(one for pair in zip(light[0], deviation, strict=True) for one in pair),
        ]
        return np.stack(found, axis=1).astype(np.float32)
