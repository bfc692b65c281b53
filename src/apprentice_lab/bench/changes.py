"""Changes of an image that a model should not mind: each with the levels it is tried at.

Pixels are (T, C, Z, Y, X). What a camera or a file format would round is rounded, everything else stays float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.transform import resize

from napari_apprentice.data.image.volume import Volume

Pixels = NDArray[Any]
Labels = NDArray[np.uint32]
Spacing = tuple[float, float, float]

_HOT = (4096, 36_000)  # what tissue_dapi16 has: far above the 12 bits of a camera
_RANGE = (1.0, 99.8)  # percentiles between which an image has its contrast


@dataclass(frozen=True)
class ImageChange:
    """One way to change an image: ``levels`` of ``unit``, of which ``neutral`` changes nothing (None: none does).

    ``apply`` takes pixels, spacing, a level and a source of chance. ``resizes`` marks the one that changes the size
    of objects, so that giving their diameter can help.
    """

    name: str
    unit: str
    levels: tuple[float, ...]
    neutral: float | None
    apply: Callable[[Pixels, Spacing, float, np.random.Generator], Pixels]
    resizes: bool = False

    def key(self, level: float) -> str:
        """A name for what is seen at this level; the same for all that change nothing."""
        return "unchanged" if level == self.neutral and not self.resizes else f"{self.name} {level:g}"

    def apply_to(self, volume: Volume, truth: Labels, level: float, seed: int) -> tuple[Volume, Labels]:
        """The changed image and its labels, nearest where it was resized; the same seed, the same noise."""
        pixels = self.apply(np.asarray(volume.pixels), volume.spacing, level, np.random.default_rng(seed))
        return replace(volume, pixels=pixels), nearest(truth, pixels.shape[-2:])


def nearest(labels: Labels, shape: tuple[int, ...]) -> Labels:
    """Labels (T, Z, Y, X) at another size in y and x: every pixel takes the label at its centre."""
    y, x = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(shape, labels.shape[-2:], strict=True))
    new: Labels = labels[..., y[:, None], x]
    return new


def with_bits(pixels: Pixels, bits: float) -> Pixels:
    """The image from its darkest to its brightest value over the whole range of so many bits."""
    low, high = float(pixels.min()), float(pixels.max())
    top = 2 ** int(bits) - 1
    scaled = (pixels.astype(np.float32) - low) * (top / max(high - low, 1e-6))
    new: Pixels = np.rint(scaled).astype(np.uint8 if bits <= 8 else np.uint16)
    return new


def with_hot_pixels(pixels: Pixels, share: float, rng: np.random.Generator) -> Pixels:
    """A 12 bit image in which a share of the pixels is much brighter than all others, up to 36,000."""
    hot = pixels.astype(np.uint16) if pixels.dtype == np.uint16 else with_bits(pixels, 12)
    where = rng.random(hot.shape) < share
    hot[where] = rng.integers(*_HOT, size=int(where.sum()), endpoint=True)
    return hot


def invert(pixels: Pixels) -> Pixels:
    """Bright becomes dark."""
    turned: Pixels = pixels.max() - (pixels - pixels.min())
    return turned


def blur(pixels: Pixels, spacing: Spacing, sigma: float) -> Pixels:
    """Smoothed by a Gaussian of ``sigma`` pixels in the plane, and as far along z."""
    along_z = sigma * spacing[2] / spacing[0] if pixels.shape[2] > 1 else 0.0
    blurry: Pixels = ndimage.gaussian_filter(pixels.astype(np.float32), (0, 0, along_z, sigma, sigma))
    return blurry


def noisy(pixels: Pixels, share: float, rng: np.random.Generator) -> Pixels:
    """With Gaussian noise whose standard deviation is a share of the image's contrast."""
    low, high = np.percentile(pixels, _RANGE)
    new: Pixels = pixels + np.float32(share * (high - low)) * rng.standard_normal(pixels.shape, np.float32)
    return new


def rescale(pixels: Pixels, factor: float) -> Pixels:
    """Another number of pixels along y and x, with as much blur as keeps out what they cannot show."""
    shape = (*pixels.shape[:-2], *(max(1, round(n * factor)) for n in pixels.shape[-2:]))
    new: Pixels = resize(pixels.astype(np.float32), shape, order=1, mode="reflect", anti_aliasing=factor < 1)
    return new


def expose(pixels: Pixels, factor: float) -> Pixels:
    """So many times as bright in a file of the same number of bits: dark images lose levels, bright ones saturate."""
    top = 2 ** np.ceil(np.log2(max(float(np.percentile(pixels, 99.9)), 1.0) + 1)) - 1
    dtype = pixels.dtype if pixels.dtype.kind == "u" else np.uint16
    new: Pixels = np.rint(np.clip(pixels.astype(np.float32) * factor, 0, max(top, 255))).astype(dtype)
    return new


def with_gamma(pixels: Pixels, gamma: float) -> Pixels:
    """The image's range from 0 to 1 raised to a power: below 1 the dark parts come up, above 1 they go down."""
    low, high = float(pixels.min()), float(pixels.max())
    power: Pixels = ((pixels.astype(np.float32) - low) / max(high - low, 1e-6)) ** np.float32(gamma)
    return power


CHANGES = (
    ImageChange("bits", "bits", (8, 12, 16), None, lambda p, _s, level, _r: with_bits(p, level)),
    ImageChange(
        "hot pixels", "share of pixels", (0, 1e-5, 1e-4, 1e-3), None, lambda p, _s, x, r: with_hot_pixels(p, x, r)
    ),
    ImageChange("contrast", "1: inverted", (0, 1), 0, lambda p, _s, _level, _r: invert(p)),
    ImageChange("blur", "sigma, pixels", (0, 0.5, 1, 2, 3), 0, lambda p, s, level, _r: blur(p, s, level)),
    ImageChange("noise", "sd, share of contrast", (0, 0.05, 0.1, 0.2, 0.4), 0, lambda p, _s, x, r: noisy(p, x, r)),
    ImageChange(
        "scale", "times the size", (0.5, 0.71, 1, 1.41, 2), 1, lambda p, _s, x, _r: rescale(p, x), resizes=True
    ),
    ImageChange("brightness", "times as bright", (0.1, 0.3, 1, 2, 4), 1, lambda p, _s, x, _r: expose(p, x)),
    ImageChange("gamma", "exponent", (0.5, 0.71, 1, 1.41, 2), 1, lambda p, _s, x, _r: with_gamma(p, x)),
)
