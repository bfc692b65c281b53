"""Where objects go: the centre of each in each frame in which its id is found."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import rank_ids


def paths_of(labels: NDArray[Any]) -> NDArray[np.float64]:
    """Rows (n, 5) of id, t, z, y, x in voxels of labels (T, Z, Y, X), by id and then by frame.

    Ids that are in one frame only have no path.
    """
    found = [_centres(frame, t) for t, frame in enumerate(labels)]
    rows = np.concatenate(found) if found else np.zeros((0, 5))
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    _, which, count = np.unique(rows[:, 0], return_inverse=True, return_counts=True)
    kept: NDArray[np.float64] = rows[count[which] > 1]
    return kept


def _centres(frame: NDArray[Any], t: int) -> NDArray[np.float64]:
    """Rows (n, 5) of the objects in a frame (Z, Y, X)."""
    place = np.nonzero(frame)
    names, ranks = rank_ids(frame[place])
    count = np.bincount(ranks, minlength=len(names))
    there = np.flatnonzero(count)
    centres = [np.bincount(ranks, axis, len(names))[there] / count[there] for axis in place]
    return np.stack([names[there], np.full(len(there), t), *centres], axis=1).astype(float)
