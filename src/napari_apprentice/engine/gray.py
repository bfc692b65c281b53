"""Slices of an image in one channel, for a network that looks at one, whatever it shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.engine.warm import FrameKey, Warm

_LOW, _HIGH = 1.0, 99.9  # percentiles between which each channel counts as much as the others
_SAMPLED = 1 << 16


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
            one: NDArray[np.generic] = channels[0]
            return one
        found = self._warm.gray.find((self._key, z))
        if found is None:
            scaled = np.stack([_scaled(np.asarray(one, np.float32)) for one in channels])
            found = np.asarray(scaled.mean(axis=0), np.float32)
            self._warm.gray.keep((self._key, z), found)
        return found


def _scaled(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    step = max(1, round((channel.size / _SAMPLED) ** 0.5))
    sample = channel[::step, ::step]
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return np.zeros_like(channel)
    low, high = np.percentile(sample, (_LOW, _HIGH))
    if high <= low:  # a few bright pixels in an empty channel
        low, high = sample.min(), sample.max()
    scaled = (channel - np.float32(low)) / np.float32(high - low if high > low else 1)
    return np.asarray(np.nan_to_num(scaled, copy=False, nan=0.0, posinf=0.0, neginf=0.0))
