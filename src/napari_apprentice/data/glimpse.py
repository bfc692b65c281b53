"""A small part that speaks for a large image: to fit intensities on, to be looked at before it is opened."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.volume import Volume

_WHOLE_VOXELS = 1 << 26  # a channel of a frame up to here is taken whole
_WINDOWS, _EDGE = 64, 256
_WHOLE_BYTES = 1 << 28  # an image up to here is looked at whole
_MIDDLE_EDGE = 4096


def sample(frame: Any) -> NDArray[Any]:
    """All of a frame (C, Z, Y, X), or windows (C, 1, n, 256) from everywhere in a large one."""
    c, z, y, x = frame.shape
    if z * y * x <= _WHOLE_VOXELS:
        return np.asarray(frame)
    places = np.unravel_index(np.linspace(0, z * y * x - 1, _WINDOWS).astype(np.int64), (z, y, x))
    windows = []
    for k, j, i in zip(*places, strict=True):
        top, left = max(0, min(int(j), y - _EDGE)), max(0, min(int(i), x - _EDGE))
        window = np.asarray(frame[:, int(k), top : top + _EDGE, left : left + _EDGE])
        windows.append(window.reshape(c, -1)[:, : min(_EDGE, y) * min(_EDGE, x)])
    return np.concatenate(windows, axis=1)[:, None, None]


def middle(volume: Volume) -> Volume:
    """All of an image, or of one that may not fit into memory the middle of its middle slice."""
    pixels = volume.pixels
    if math.prod(pixels.shape) * np.dtype(pixels.dtype).itemsize <= _WHOLE_BYTES:
        return volume
    t, _, z, y, x = pixels.shape
    top, left = max(0, (y - _MIDDLE_EDGE) // 2), max(0, (x - _MIDDLE_EDGE) // 2)
    rows, columns = slice(top, top + _MIDDLE_EDGE), slice(left, left + _MIDDLE_EDGE)
    return replace(volume, pixels=pixels[t // 2 : t // 2 + 1, :, z // 2 : z // 2 + 1, rows, columns])
