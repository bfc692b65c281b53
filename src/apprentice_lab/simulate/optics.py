"""From what is there to what a camera records: blur, haze, uneven light, shot and read noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Field = NDArray[np.float64]


def texture(shape: Sequence[int], rng: np.random.Generator, scale: float | Sequence[float]) -> Field:
    """Smooth noise of mean 0 and standard deviation 1 whose grains are about ``scale`` pixels."""
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), scale, mode="wrap")
    return np.asarray((noise - noise.mean()) / noise.std())


def blur(light: Field, sigma: Sequence[float], haze: float = 0.15, spread: float = 7.0) -> Field:
    """A point-spread function: a Gaussian of ``sigma`` (z, y, x or y, x) pixels and a wide halo.

    ``haze`` is the share of the light that comes from out of focus and is ``spread`` times as wide.
    """
    sharp = ndimage.gaussian_filter(light, sigma, mode="nearest")
    wide = ndimage.gaussian_filter(light, [spread * s for s in sigma], mode="nearest")
    return np.asarray((1 - haze) * sharp + haze * wide)


def illumination(shape: Sequence[int], rng: np.random.Generator, strength: float) -> Field:
    """Uneven light over the field of view, 1 where brightest and ``1 - strength`` in the darkest corner."""
    height, width = shape[-2:]
    centre = rng.uniform(0.3, 0.7, 2) * (height, width)
    yy, xx = np.ogrid[:height, :width]
    squared = ((yy - centre[0]) / height) ** 2 + ((xx - centre[1]) / width) ** 2
    return np.asarray(1 - strength * squared / squared.max())


def camera(
    photons: Field, rng: np.random.Generator, *, gain: float = 2.0, read_noise: float = 4.0, offset: float = 100.0
) -> NDArray[np.uint16]:
    """Counts of a camera: Poisson noise of the photons, ``gain`` counts each, read noise and offset in counts."""
    counts = gain * rng.poisson(np.maximum(photons, 0)) + rng.normal(offset, read_noise, photons.shape)
    return np.clip(np.rint(counts), 0, 65535).astype(np.uint16)
