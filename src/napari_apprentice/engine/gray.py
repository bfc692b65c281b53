"""Slices of an image in one channel, for a network that looks at one, whatever it shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.engine.normalize import fit
from napari_apprentice.engine.warm import FrameKey, Warm
from napari_apprentice.settings import NormalizeSettings


class GraySlices:
    """Slices (Y, X) of a frame (C, Z, Y, X); several channels become their mean, each in its own range.

    One channel is not copied, so that a file is read only where it is looked at.
    """

    def __init__(self, pixels: NDArray[np.generic], key: FrameKey, warm: Warm) -> None:
        self._pixels = pixels
        self._key = key
        self._warm = warm
        self.shape = pixels.shape[1:]

    def box(self, box: tuple[slice, slice, slice]) -> NDArray[np.generic]:
        """A part of the frame (Z, Y, X)."""
        if len(self._pixels) == 1:
            one: NDArray[np.generic] = self._pixels[0][box]
            return one
        return np.stack([self(z)[box[1:]] for z in range(*box[0].indices(self.shape[0]))])

    def __call__(self, z: int) -> NDArray[np.generic]:
        """One slice (Y, X)."""
        channels = self._pixels[:, z]
        if len(channels) == 1:
            return gray(channels)
        found = self._warm.gray.find((self._key, z))
        if found is None:
            found = np.asarray(gray(channels), np.float32)
            self._warm.gray.keep((self._key, z), found)
        return found


def gray(channels: NDArray[np.generic]) -> NDArray[np.generic]:
    """A slice (Y, X) of channels (C, Y, X): the only one as it is, of several the mean, each in its own range."""
    if len(channels) == 1:
        one: NDArray[np.generic] = channels[0]
        return one
    each = channels[:, None]
    return np.asarray(fit(each, NormalizeSettings()).linear(each).mean(axis=(0, 1)))
