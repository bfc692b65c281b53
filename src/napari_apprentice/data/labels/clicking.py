"""One object around a point: from what a network predicted there, or, where it saw nothing, from the pixels.

Everything is (Z, Y, X) on one grid. A mask that is all False means there is nothing to propose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from napari_apprentice.settings import DecodeSettings

Mask = NDArray[np.bool_]
Spot = tuple[int, int, int]  # z, y, x

FAINT = 0.1  # probability below which the network saw nothing
_REACH = 3  # voxels in the plane by which a click may miss

# From channels, what is foreground and settings to the object, from 1, that each foreground voxel belongs to.
Separate = Callable[[NDArray[Any], Mask, DecodeSettings], NDArray[Any]]


def object_at(values: NDArray[Any], at: Spot, decode: DecodeSettings, separate: Separate) -> Mask:
    """The object at a point, from foreground probability and what tells objects apart, (K, Z, Y, X).

    What is foreground is decided as when decoding where the network is sure; where it is not, from half of what it
    thinks at the point. The object is the one that `separate` finds around the point.
    """
    probability = np.asarray(values[0], np.float32)
    best = nearest(probability >= min(decode.foreground, _seen(probability, at)), at)
    if best is None or probability[best] < FAINT:
        return np.zeros(probability.shape, bool)
    sure = probability[best] >= decode.foreground
    inside = probability >= (decode.foreground if sure else max(FAINT, probability[best] / 2))
    labels = separate(values, inside, decode)
    mask = labels == labels[best] if labels[best] > 0 else inside
    if not sure:  # a haze around something bright does not belong to it
        mask &= probability >= min(float(probability[best]), float(probability[mask].max()) / 2)
    return fill_holes(connected_part(mask, best))


def region_at(values: NDArray[Any], at: Spot) -> Mask:
    """The connected region of the locally most probable class, from probabilities (K + 1, Z, Y, X).

    Where "none" is most probable the best of the classes is taken, as far as it is at least half as probable.
    """
    here = np.asarray(values[(slice(None), *at)], np.float32)
    value = int(here.argmax())
    if value > 0:
        return connected_part(np.argmax(values, axis=0) == value, at)
    value = 1 + int(here[1:].argmax())
    if here[value] < FAINT:
        return np.zeros(values.shape[1:], bool)
    return connected_part(np.asarray(values[value]) >= max(FAINT, here[value] / 2), at)


def outlined_at(image: NDArray[Any], at: Spot, radii: tuple[float, float, float]) -> Mask:
    """What the pixels (Z, Y, X) outline around a point, within about ``radii`` (z, y, x) of it.

    Watershed on the gradient (Meyer, 1994) from the point against everything farther away than 1.25 radii.
    """
    grid = np.ogrid[tuple(slice(0, n) for n in image.shape)]
    far = np.sqrt(sum(((g - c) / r) ** 2 for g, c, r in zip(grid, at, radii, strict=True)))
    slope = _slope(np.asarray(image, np.float32), [min(1.5, r / 6) for r in radii])
    marks = np.where(far <= 0.25, 1, np.where(far >= 1.25, 2, 0))
    marks[at] = 1
    return fill_holes(watershed(slope, marks) == 1)


def connected_part(mask: Mask, at: Spot) -> Mask:
    """The part of a mask that is connected (by faces) to a point in it."""
    if not mask[at]:
        return np.zeros_like(mask)
    parts, _ = ndimage.label(mask)
    return np.asarray(parts == parts[at])


def fill_holes(mask: Mask) -> Mask:
    """A mask without holes in any slice."""
    return np.stack([ndimage.binary_fill_holes(plane) for plane in mask])


def nearest(mask: Mask, at: Spot) -> Spot | None:
    """The voxel of a mask that is closest to a point in its slice; None when none is within reach."""
    z, y, x = at
    top, left = max(0, y - _REACH), max(0, x - _REACH)
    near = np.argwhere(mask[z, top : y + _REACH + 1, left : x + _REACH + 1]) + np.array([top, left])
    if len(near) == 0:
        return None
    closest = near[int(((near - (y, x)) ** 2).sum(axis=1).argmin())]
    return z, int(closest[0]), int(closest[1])


def _slope(image: NDArray[np.float32], sigma: list[float]) -> NDArray[Any]:
    if len(image) == 1:
        return np.asarray(ndimage.gaussian_gradient_magnitude(image[0], sigma[1:])[None])
    return np.asarray(ndimage.gaussian_gradient_magnitude(image, sigma))


def _seen(probability: NDArray[np.float32], at: Spot) -> float:
    """The highest probability within reach of a point."""
    z, y, x = at
    return float(probability[z, max(0, y - _REACH) : y + _REACH + 1, max(0, x - _REACH) : x + _REACH + 1].max())
