"""A stained section as other stains and other cameras would show it in gray: so a network learns stains, not one stain.

Stains absorb light: in optical density they add up (Lambert-Beer). The density is taken apart into haematoxylin, eosin
and a rest (Ruifrok and Johnston 2001), each becomes stronger or weaker, as in stain augmentation (Tellez et al., *Whole
slide mitosis detection in H&E breast histology*, IEEE TMI 2018), and what is left of the light is seen through random
weights of red, green and blue, about those of luminance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.color import hed_from_rgb, rgb_from_hed

_STRENGTH = 0.35  # standard deviation of the logarithm of how much there is of a stain
_WEIGHTS = (1.6, 2.0, 0.8)  # of red, green and blue: of a Dirichlet distribution; blue shows nuclei worst
_DARKEST = 1 / 256  # of the white


def stained_otherwise(colours: NDArray[np.generic], rng: np.random.Generator) -> NDArray[np.float32]:
    """One gray image (Y, X) in (0, 1] of colours (3, Y, X): drawn anew at every call."""
    light = np.asarray(colours, np.float32)
    white = max(float(light.max()), 1.0)
    density = -np.log(np.maximum(light / white, _DARKEST)).reshape(3, -1)
    change = hed_from_rgb @ np.diag(np.exp(rng.normal(0, _STRENGTH, 3))) @ rgb_from_hed  # of row vectors
    density = np.maximum(change.T.astype(np.float32) @ density, 0.0)
    weights = rng.dirichlet(_WEIGHTS).astype(np.float32)
    return np.asarray(weights @ np.exp(-density)).reshape(light.shape[1:])
