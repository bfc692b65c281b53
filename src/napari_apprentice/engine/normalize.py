"""Intensities to network inputs: fitted once on the whole image, so that tiles agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from napari_apprentice.data.image.noise import WIDELY, noise_of, smooth, smoothing_for, some_slices, without_hot_pixels
from napari_apprentice.settings import NormalizeSettings

_MOST_SAMPLES = 4_000_000
_MOST_SMOOTHED = 1 << 24  # voxels of a noisy channel that its range is taken from, in whole slices
# Far above the high percentile there are only hot pixels and debris.
_CEILING = 4.0
_REACH = 13  # pixels around a part that its values depend on: what the widest smoothing and a hot pixel reach


@dataclass(frozen=True)
class Scaling:
    """What becomes 0 and what becomes 1, for each channel, and by how many pixels it is smoothed before.

    Without ``mends`` hot pixels stay, and values are bounded by ``clip`` only.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    gain: float
    smoothing: tuple[float, ...] = ()
    mends: bool = True
    clip: tuple[float, float] | None = None

    def linear(self, pixels: np.ndarray) -> np.ndarray:
        """From pixels (C, Z, Y, X) of any numeric dtype to float32 in [0, 4]; NaN and infinity become 0.

        A hot pixel becomes like those around it. Of a part of an image, see `linear_part`.
        """
        values = np.array(pixels, dtype=np.float32)
        low, high = self._bounds(values.ndim)
        values -= low
        values /= high - low
        np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        if not self.mends:
            return values if self.clip is None else np.clip(values, *self.clip, out=values)
        without_hot_pixels(values)
        for channel, sigma in zip(values, self.smoothing, strict=False):
            smooth(channel, sigma)
        np.clip(values, 0.0, _CEILING, out=values)
        return values

    def linear_part(self, image: Any, part: tuple[slice, ...]) -> np.ndarray:
        """`linear` of a part (z, y, x) of an image (C, Z, Y, X), anything with NumPy's slicing, as in the whole."""
        z, y, x = part
        reach = _REACH if any(self.smoothing) else 1
        (rows, own_rows), (columns, own_columns) = (
            _widened(s, reach, n) for s, n in zip((y, x), image.shape[2:], strict=True)
        )
        values = self.linear(np.asarray(image[:, z, rows, columns]))
        return values[:, :, own_rows, own_columns]

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
        return replace(self, low=self.low[part], high=self.high[part], smoothing=self.smoothing[part])

    def beside(self, other: Scaling) -> Scaling:
        """Of further channels, too."""
        low, high, smoothing = self.low + other.low, self.high + other.high, self.smoothing + other.smoothing
        return replace(self, low=low, high=high, smoothing=smoothing)

    def _bounds(self, ndim: int) -> tuple[np.ndarray, np.ndarray]:
        shape = (-1, *([1] * (ndim - 1)))
        return np.asarray(self.low, np.float32).reshape(shape), np.asarray(self.high, np.float32).reshape(shape)


def fit(pixels: np.ndarray, settings: NormalizeSettings) -> Scaling:
    """Percentiles of every channel of an image (C, Z, Y, X); big images are sampled on a regular grid."""
    if not settings.mends:
        return _as_wanted(pixels, settings)
    channels = [_fit_channel(channel, settings) for channel in pixels]
    low, high, smoothing = zip(*channels, strict=True) if channels else ((), (), ())
    return Scaling(low, high, settings.gain, smoothing)


def _as_wanted(pixels: np.ndarray, settings: NormalizeSettings) -> Scaling:
    """As a network wants it that was made elsewhere: (v - low) / (high - low) * scale + offset, as one line."""
    parts = [pixels] * len(pixels) if settings.together else pixels
    low, high = [], []
    for i, part in enumerate(parts):
        first, last = _ends(part, settings)
        scale, offset = (
            _of_channel(values, i, usual) for values, usual in ((settings.scale, 1.0), (settings.offset, 0.0))
        )
        width = (last - first) / scale
        low.append(first - offset * width)
        high.append(first - offset * width + width)
    return Scaling(tuple(low), tuple(high), 0.0, mends=False, clip=settings.clip)


def _ends(part: np.ndarray, settings: NormalizeSettings) -> tuple[float, float]:
    if settings.by == "values":
        return 0.0, 1.0
    if settings.by == "percentiles":
        return _percentiles(part, settings)
    sample = _sample(part).astype(np.float64)
    mean, deviation = (float(sample.mean()), float(sample.std())) if sample.size else (0.0, 1.0)
    return mean, mean + (deviation or 1.0)


def _of_channel(values: tuple[float, ...], channel: int, usual: float) -> float:
    return values[min(channel, len(values) - 1)] if values else usual


def _fit_channel(channel: np.ndarray, settings: NormalizeSettings) -> tuple[float, float, float]:
    """What becomes 0, what becomes 1, and the width of the smoothing in pixels."""
    low, high = _percentiles(channel, settings)
    width = high - low
    noise = noise_of(channel) / width if settings.noise > 0 else 0.0
    if noise <= settings.noise:
        return low, high, 0.0
    some = some_slices(channel, _MOST_SMOOTHED).astype(np.float32)
    values = np.nan_to_num((some - low) / width, posinf=1.0, neginf=0.0)
    without_hot_pixels(values)
    first, last = _percentiles(smooth(values.copy(), WIDELY), settings)  # without the noise, which widens the range
    sigma = smoothing_for(noise / (last - first))
    first, last = _percentiles(smooth(values, sigma), settings)
    return low + first * width, low + last * width, sigma


def _percentiles(channel: np.ndarray, settings: NormalizeSettings) -> tuple[float, float]:
    sample = _sample(channel)
    a, b = (0.0, 1.0) if sample.size == 0 else np.percentile(sample, [settings.low, settings.high])
    if b <= a and sample.size:  # a few bright pixels in an empty image
        a, b = float(sample.min()), float(sample.max())
    return float(a), float(b) if b > a else float(a) + 1.0


def _sample(channel: np.ndarray) -> np.ndarray:
    step = max(1, int(np.ceil(np.sqrt(channel.size / _MOST_SAMPLES))))
    sample = np.asarray(channel[..., ::step, ::step], dtype=np.float32)
    return np.asarray(sample[np.isfinite(sample)])


def _widened(part: slice, by: int, length: int) -> tuple[slice, slice]:
    """A part of an axis with more on both sides, as far as the image goes, and where the part lies in that."""
    first = max(0, part.start - by)
    return slice(first, min(length, part.stop + by)), slice(part.start - first, part.stop - first)


def with_logarithm(values: torch.Tensor, gain: float) -> torch.Tensor:
    """From linear values (B, C, Z, Y, X), as augmentation leaves them, to network inputs (B, C * inputs, Z, Y, X)."""
    if gain <= 0:
        return values
    logarithm = torch.log1p(gain * values.clamp_min(0.0)) / float(np.log1p(gain))
    return torch.cat([values, logarithm], dim=1)
