"""Colours for ids, far apart for those that follow each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GOLDEN = 0.618034


def distinct_colors(count: int) -> NDArray[np.uint8]:
    """Red, green and blue (count, 3): hues in golden steps."""
    hue = (6 * ((np.arange(count) * _GOLDEN) % 1))[:, None]
    wave = np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1
    colors: NDArray[np.uint8] = (64 + 191 * np.clip(wave, 0, 1)).astype(np.uint8)
    return colors


def parts_of(color: str) -> list[int]:
    """Red, green and blue of "#ff7f0e"; grey for what is no such colour."""
    try:
        return [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    except ValueError:
        return [128, 128, 128]
