"""Intensities to network inputs: fitted once on the whole image, so that tiles agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from napari_apprentice.settings import NormalizeSettings

_MOST_SAMPLES = 4_000_000
# Far above the high percentile there are only hot pixels and debris.
_CEILING = 4.0


@dataclass(frozen=True)
class Scaling:
    """What becomes 0 and what becomes 1, for each channel."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    gain: float

    def linear(self, pixels: np.ndarray) -> np.ndarray:
        """From pixels (C, Z, Y, X) of any numeric dtype to float32 in [0, 4]; NaN and infinity become 0."""
        values = np.array(pixels, dtype=np.float32)
        low, high = self._bounds(values.ndim)
        values -= low
        values /= high - low
        np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        np.clip(values, 0.0, _CEILING, out=values)
        return values

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """From pixels (C, Z, Y, X) to network inputs (C * inputs, Z, Y, X) float32: all linear, then all logarithms."""
        return self.with_logarithm(self.linear(pixels))

    def intensities(self, values: np.ndarray) -> np.ndarray:
        """From linear values (C, Z, Y, X) back to the intensities of the image, float32."""
        low, high = self._bounds(values.ndim)
        return np.asarray(low + values * (high - low), np.float32)

    def with_logarithm(self, values: np.ndarray) -> np.ndarray:
        """From linear values (C, Z, Y, X) to network inputs (C * inputs, Z, Y, X)."""
        if self.gain <= 0:
            return values
        return np.concatenate([values, np.log1p(self.gain * values) / np.float32(np.log1p(self.gain))])

    def only(self, part: slice) -> Scaling:
        """Of some channels."""
        return Scaling(self.low[part], self.high[part], self.gain)

    def _bounds(self, ndim: int) -> tuple[np.ndarray, np.ndarray]:
        shape = (-1, *([1] * (ndim - 1)))
        return np.asarray(self.low, np.float32).reshape(shape), np.asarray(self.high, np.float32).reshape(shape)


def fit(pixels: np.ndarray, settings: NormalizeSettings) -> Scaling:
    """Percentiles of every channel of an image (C, Z, Y, X); big images are sampled on a regular grid."""
    low, high = [], []
    for channel in pixels:
        step = max(1, int(np.ceil(np.sqrt(channel.size / _MOST_SAMPLES))))
        sample = np.asarray(channel[..., ::step, ::step], dtype=np.float32)
        sample = sample[np.isfinite(sample)]
        a, b = (0.0, 1.0) if sample.size == 0 else np.percentile(sample, [settings.low, settings.high])
        if b <= a and sample.size:  # a few bright pixels in an empty image
            a, b = float(sample.min()), float(sample.max())
        low.append(float(a))
        high.append(float(b) if b > a else float(a) + 1.0)
    return Scaling(tuple(low), tuple(high), settings.gain)


def with_logarithm(values: torch.Tensor, gain: float) -> torch.Tensor:
    """From linear values (B, C, Z, Y, X), as augmentation leaves them, to network inputs (B, C * inputs, Z, Y, X)."""
    if gain <= 0:
        return values
    logarithm = torch.log1p(gain * values.clamp_min(0.0)) / float(np.log1p(gain))
    return torch.cat([values, logarithm], dim=1)
