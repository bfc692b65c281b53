"""Planes of a volume that may be larger than memory: slices and sections through them, smoothed as far as they need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.engine.prompts.window import finite

Box3 = tuple[slice, slice, slice]
_FLATTER = 2 / 3  # across a plane less is smoothed than along it: the neighbours show something else


@dataclass(frozen=True)
class Volume:
    """A volume (Z, Y, X) with the ``spacing`` of its voxels; ``read`` gives the pixels of a box that lies in it."""

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float]
    read: Callable[[Box3], NDArray[np.generic]]

    @classmethod
    def of(cls, pixels: NDArray[np.generic], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Volume:
        """Of pixels (Z, Y, X) in memory."""
        depth, height, width = pixels.shape
        return cls((depth, height, width), spacing, lambda box: pixels[box])

    @property
    def step(self) -> float:
        """How many pixels of a slice a slice is thick."""
        return self.spacing[0] / float(np.sqrt(self.spacing[1] * self.spacing[2]))

    def plane(self, box: Box3, axis: int, smoothing: float) -> NDArray[np.float32]:
        """The plane of a box that is one voxel thin along an axis, smoothed by so many pixels of a slice (sigma)."""
        sigma = [smoothing / self.step, smoothing, smoothing]
        across = _FLATTER * sigma[axis]
        sigma[axis] = across
        at = box[axis].start
        room = int(np.ceil(2 * across))
        low, high = max(0, at - room), min(self.shape[axis], at + room + 1)
        sides = list(box)
        sides[axis] = slice(low, high)
        slab = self.read((sides[0], sides[1], sides[2]))
        if room == 0:
            return finite(np.asarray(np.take(slab, 0, axis), np.float32))
        weights = np.exp(-0.5 * ((np.arange(low, high) - at) / across) ** 2)
        # in double: what is flat must be flat again in float32, or the network would be shown the rounding
        slab = finite(slab.astype(np.float32)) if slab.dtype.kind == "f" else slab
        flat = np.tensordot(slab.astype(np.float64), weights / weights.sum(), ([axis], [0]))
        within = [sigma[i] for i in range(3) if i != axis]
        return np.asarray(ndimage.gaussian_filter(flat, within, truncate=2.5), np.float32)
