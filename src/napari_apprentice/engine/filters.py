"""What is seen without learning: brightness, edges, blobs and lines at five sizes, each twice as large as the last.

They are the filters that pixel classifiers use (Berg et al., Nature Methods 2019), computed in an image that is halved
again and again, so that the large ones cost no more than the small ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

OCTAVES = 5
REACH = 48  # pixels of the image that the largest ones see to each side
_FINEST = (0.7, 1.4)  # pixels; sigmas in the image itself
_SIGMA = 1.0  # in what was halved
COUNT = 7 * (len(_FINEST) + OCTAVES - 1)  # of an image, see `_filters`

Values = NDArray[np.floating]


def octaves(image: Values) -> list[Values]:
    """Filters (filters, y, x) of an image (Y, X), in pixels of 1, 2, 4, 8 and 16; its edges are multiples of 16."""
    found = []
    for octave in range(OCTAVES):
        if octave:
            height, width = (n // 2 for n in image.shape)
            image = image.reshape(height, 2, width, 2).mean(axis=(1, 3))
        sigmas = (_SIGMA,) if octave else _FINEST
        found.append(np.stack([one for sigma in sigmas for one in _filters(image, sigma, beside=not octave)]))
    return found


def _filters(image: Values, sigma: float, *, beside: bool) -> list[Values]:
    smooth = _blurred(image, sigma)
    wider = image if beside else _blurred(smooth, 1.6)
    y, x = _slope(smooth, 0), _slope(smooth, 1)
    yy, yx, xx = _slope(y, 0), _slope(y, 1), _slope(x, 1)
    energy = [_blurred(one, 1.0) for one in (y * y, y * x, x * x)]
    ridges = [np.sqrt(np.maximum(one, 0)) for one in _eigenvalues(*energy)]
    return [smooth, wider - smooth, np.hypot(y, x), *_eigenvalues(yy, yx, xx), *ridges]


def _slope(image: Values, axis: int) -> Values:
    if image.shape[axis] == 1:  # a small image that was halved four times
        return np.zeros_like(image)
    return np.asarray(np.gradient(image, axis=axis))


def _eigenvalues(yy: Values, yx: Values, xx: Values) -> tuple[Values, Values]:
    """Of symmetric 2 x 2 matrices, the larger first."""
    middle, half = (yy + xx) / 2, np.hypot((yy - xx) / 2, yx)
    return middle + half, middle - half


def _blurred(image: Values, sigma: float) -> Values:
    return np.asarray(ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=3.0))
