"""A mask as a neighbouring slice of a volume would hand it on: nearly right everywhere, and not where a click says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.engine.prompts.solid import depth_of

_SCALE = 0.15  # standard deviation of the logarithm of how much wider or narrower it is
_SHIFT = 0.08  # of its shift, in widths of the object
_WAVE = 0.08  # of how far its outline lies off, in widths
_SOFT = 0.5  # share that is handed on as a guess that is soft at its outline


def as_next_slice(truth: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """From the mask (Y, X) of an object one that is scaled, shifted and has another outline, between 0 and 1."""
    width = 2 * float(np.sqrt(truth.sum() / np.pi))
    middle = np.array([at.mean() for at in np.nonzero(truth)])
    scale = np.exp(rng.normal(0, _SCALE))
    shift = rng.normal(0, _SHIFT * width, 2)
    # the place at (y, x) of the other slice is the one of this slice at middle + ((y, x) - middle - shift) / scale
    moved = ndimage.affine_transform(
        depth_of(truth), [1 / scale, 1 / scale], middle - (middle + shift) / scale, order=1, mode="nearest"
    )
    wave = ndimage.gaussian_filter(rng.normal(size=truth.shape), max(2.0, 0.2 * width))
    moved = scale * moved + wave / max(float(wave.std()), 1e-9) * rng.uniform(0, _WAVE) * width
    if rng.random() < _SOFT:
        return np.asarray(1 / (1 + np.exp(-np.clip(moved / max(1.0, 0.1 * width), -20, 20))), np.float32)
    return np.asarray(moved > 0, np.float32)
