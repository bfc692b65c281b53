"""How an image was lit, as far as its grey values tell: what a model learned from looks like that, or does not."""

from __future__ import annotations

from typing import Literal

import numpy as np

from napari_apprentice.data.image.lazy import windows
from napari_apprentice.data.image.volume import Volume

Light = Literal["dark", "even", "colour"]
"""``dark``: bright objects on dark ground, as in fluorescence. ``even``: most is of one grey, between the darkest and
the brightest, as in phase contrast and other brightfield of unstained cells. ``colour``: RGB, as of stained sections.
"""

_DARKEST, _LIGHTEST = 0.2, 0.6  # of the range of an even image: its lower quarter, and its middle
_SPREAD = 0.3  # of the range, that the middle half of an even image takes at most
_RANGE = (1.0, 99.8)  # percentiles


def light_of(volume: Volume) -> Light | None:
    """How an image was lit; None where that is not clear, as for several channels. Reads small windows of it."""
    if volume.metadata.get("rgb"):
        return "colour"
    pixels = volume.levels[-1] if volume.levels else volume.pixels
    if pixels.shape[1] > 1:
        return None
    values = windows(pixels).astype(np.float32)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, first, middle, third, high = np.percentile(values, [_RANGE[0], 25, 50, 75, _RANGE[1]])
    if high <= low:
        return None
    first, middle, third = ((one - low) / (high - low) for one in (first, middle, third))
    if middle < _DARKEST:
        return "dark"
    return "even" if first >= _DARKEST and middle <= _LIGHTEST and third - first <= _SPREAD else None
