"""Room for shapes in an image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.simulate.optics import Field


def crowded_places(
    shape: Sequence[int], count: int, distance: float, rng: np.random.Generator, cluster: float, border: float = 0.0
) -> Field:
    """Up to ``count`` points at least ``distance`` apart (rows; any number of dimensions).

    A share ``cluster`` of them is drawn right beside an earlier one, so that they touch.
    """
    size = np.asarray(shape, float)
    points: list[NDArray[np.float64]] = []
    for _ in range(40 * count):
        if len(points) == count:
            break
        if points and rng.random() < cluster:
            step = rng.standard_normal(len(size))
            step *= distance * rng.uniform(1.0, 1.15) / np.linalg.norm(step)
            point = points[rng.integers(len(points))] + step
        else:
            point = rng.uniform(border, size - border)
        fits = bool((point >= border).all() and (point < size - border).all())
        if fits and all(np.linalg.norm(point - other) >= distance for other in points):
            points.append(point)
    return np.array(points)
