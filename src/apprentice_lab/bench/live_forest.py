"""The usual pixel classifier: a random forest on filters, as ilastik has them (Berg et al., Nature Methods 2019).

Seven sigmas; Gaussian, Laplacian of Gaussian, gradient magnitude, difference of Gaussians, eigenvalues of structure
tensor and Hessian: 49 numbers a pixel, computed once. 100 trees on all cores, from scikit-learn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.errors import UserError

_SIGMAS = (0.3, 0.7, 1.0, 1.6, 3.5, 5.0, 10.0)
_ALL_FROM = 0.7  # below it only the Gaussian makes sense
_TREES = 100

Values = NDArray[np.floating]


def filters(image: Values) -> Values:
    """Of an image (Y, X): (pixels, filters) float32."""
    found = []
    for sigma in _SIGMAS:
        found.append(ndimage.gaussian_filter(image, sigma))
        if sigma < _ALL_FROM:
            continue
        y, x = (ndimage.gaussian_filter(image, sigma, order=order) for order in ((1, 0), (0, 1)))
        tensor = [ndimage.gaussian_filter(one, sigma / 2) for one in (y * y, y * x, x * x)]
        hessian = [ndimage.gaussian_filter(image, sigma, order=order) for order in ((2, 0), (1, 1), (0, 2))]
        found += [
            ndimage.gaussian_laplace(image, sigma),
            np.hypot(y, x),
            found[-1] - ndimage.gaussian_filter(image, 0.66 * sigma),
            *_eigenvalues(*tensor),
            *_eigenvalues(*hessian),
        ]
    return np.stack([one.ravel() for one in found], axis=1)


def classify(seen: Values, voxels: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class of every pixel, learned from some (flat indices) and what they are."""
    found: NDArray[np.int64] = _forest().fit(seen[voxels], values).predict(seen)
    return found


def _forest() -> Any:
    try:
        from sklearn.ensemble import RandomForestClassifier
    except ImportError as error:
        raise UserError(
            "The random forest needs scikit-learn: pip install scikit-learn, or give --no-forest."
        ) from error
    return RandomForestClassifier(_TREES, n_jobs=-1, random_state=0)


def _eigenvalues(yy: Values, yx: Values, xx: Values) -> tuple[Values, Values]:
    middle, half = (yy + xx) / 2, np.hypot((yy - xx) / 2, yx)
    return middle + half, middle - half
