"""A small part that speaks for a large image: what intensities are fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WHOLE_VOXELS = 1 << 26  # a channel of a frame up to here is taken whole
_WINDOWS, _EDGE = 64, 256


def sample(frame: Any, whole: int = WHOLE_VOXELS) -> NDArray[Any]:
    """All of a frame (C, Z, Y, X) of up to ``whole`` voxels, else windows (C, n, 256, 256) from everywhere in it.

    Percentiles need many pixels, all channels at the same places, and a frame on its own; noise is told by neighbours,
    so windows are planes. To recognise an image a few small windows do, which must be the same for ever
    (`lazy.windows`).
    """
    _, z, y, x = frame.shape
    if z * y * x <= whole:
        return np.asarray(frame)
    places = np.unravel_index(np.linspace(0, z * y * x - 1, _WINDOWS).astype(np.int64), (z, y, x))
    windows = []
    for k, j, i in zip(*places, strict=True):
        top, left = max(0, min(int(j), y - _EDGE)), max(0, min(int(i), x - _EDGE))
        windows.append(np.asarray(frame[:, int(k), top : top + _EDGE, left : left + _EDGE]))
    return np.stack(windows, axis=1)
