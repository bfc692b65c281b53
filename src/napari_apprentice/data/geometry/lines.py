"""The voxels under a line that was drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def voxels_along(points: ArrayLike, shape: Sequence[int]) -> NDArray[np.int64]:
    """The voxels (count, axes) inside ``shape`` that straight pieces between ``points`` (count, axes) meet, in order.

    Each comes once, the first time that the line is there. The line has no gap, and is one voxel wide: it goes on by
    a face, an edge or a corner.
    """
    corners = np.atleast_2d(np.asarray(points, float))
    pieces = [corners[:1]]
    for first, last in itertools.pairwise(corners):
        count = max(1, int(np.ceil(np.abs(last - first).max())))
        pieces.append(first + (last - first) * np.linspace(0, 1, count + 1)[1:, None])
    voxels = np.rint(np.concatenate(pieces)).astype(np.int64)
    voxels = voxels[((voxels >= 0) & (voxels < np.asarray(shape))).all(axis=1)]
    _, first_time = np.unique(voxels, axis=0, return_index=True)
    kept: NDArray[np.int64] = voxels[np.sort(first_time)]
    return kept
