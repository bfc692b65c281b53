"""Images with very many objects, for the clock."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.image.volume import Volume

_FULL = 0.45  # of the room that an object has: the largest radius


def scene(shape: Sequence[int], count: int, rng: np.random.Generator) -> tuple[Volume, NDArray[np.uint32]]:
    """An image with ``count`` bright balls of different sizes on a jittered grid, and its labels (1, Z, Y, X)."""
    labels = np.zeros(shape, np.uint32)
    sides = [n for n in shape if n > 1]
    step = (math.prod(sides) / count) ** (1 / len(sides))
    cells = [max(1, int(n / step)) if n > 1 else 1 for n in shape]
    while math.prod(cells) < count:
        widest = int(np.argmax([n / m for n, m in zip(shape, cells, strict=True)]))
        cells[widest] += 1
    room = [n / m for n, m in zip(shape, cells, strict=True)]
    for number, place in enumerate(np.ndindex(*cells), 1):
        if number > count:
            break
        radii = [max(0.5, side * _FULL * rng.uniform(0.35, 1)) for side in room]
        middle = [(i + 0.5) * side for i, side in zip(place, room, strict=True)]
        box = tuple(
            slice(max(0, int(m - r)), min(n, int(m + r) + 2)) for m, r, n in zip(middle, radii, shape, strict=True)
        )
        axes = [(np.arange(s.start, s.stop) + 0.5 - m) / r for s, m, r in zip(box, middle, radii, strict=True)]
        z, y, x = np.ix_(*axes)
        labels[box][z**2 + y**2 + x**2 <= 1] = number
    pixels = rng.integers(0, 200, shape, dtype=np.uint16) + np.where(labels > 0, 500 + labels % 1000, 0).astype(
        np.uint16
    )
    return Volume(pixels[None, None], spacing=(1.0, 0.5, 0.5), unit="um", name="objects"), labels[None]
