"""Basins of a height map, and which of them belong together.

Every local maximum floods its basin (watershed); neighbouring basins are joined while the lower of the two peaks rises
less than a prominence above the pass between them. This is topological persistence (Edelsbrunner et al., 2002) on
the watershed's adjacency graph, for 2D and 3D.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

try:
    from bioimage_cpp.segmentation import watershed as _fast_watershed
except ImportError:  # no wheel for Linux on ARM
    _fast_watershed = None


def basins(height: np.ndarray, inside: np.ndarray, prominence: float) -> np.ndarray:
    """Split the voxels `inside` (Z, Y, X) into the basins of the peaks of `height`; labels 1..n as int32.

    A peak counts when it rises at least `prominence` above the pass to any higher one; voxels touch by faces.
    """
    if not inside.any():
        return np.zeros(inside.shape, np.int32)
    height = np.ascontiguousarray(height, dtype=np.float32)
    marks = _peaks(height, inside)
    flooded = flood(height, marks, inside)
    return _join(flooded, height, marks > 0, prominence)


def _peaks(height: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Label the local maxima inside; plateaus that touch are one peak."""
    size = tuple(3 if n > 1 else 1 for n in height.shape)
    height = np.where(inside, height, np.float32(-np.inf))  # else a region whose peak lies beside it is lost
    highest = height >= ndimage.maximum_filter(height, size)
    marks, _ = ndimage.label(highest & inside, np.ones((3, 3, 3)))
    return np.asarray(marks, np.int32)


def flood(height: np.ndarray, marks: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Let marks (Z, Y, X) int32 grow downhill over the voxels `inside`; voxels touch by faces."""
    if _fast_watershed is not None:
        flat = height.shape[0] == 1
        picked = (a[0] if flat else a for a in (-height, marks, inside))
        image, markers, mask = (np.ascontiguousarray(a) for a in picked)
        flooded = _fast_watershed(image, markers, mask=mask)
        return np.asarray(flooded[None] if flat else flooded)
    from skimage.segmentation import watershed

    return np.asarray(watershed(-height, marks, mask=inside, connectivity=1), np.int32)


def _join(labels: np.ndarray, height: np.ndarray, marked: np.ndarray, prominence: float) -> np.ndarray:
    count = int(labels.max()) + 1
    first, second, passes = _passes(labels, height, count)
    top = [float("-inf")] * count
    for label, value in zip(labels[marked].tolist(), height[marked].tolist(), strict=True):
        top[label] = max(top[label], value)
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    # From the highest pass down, so that every merge meets the final peaks of both sides.
    for k in np.argsort(-passes):
        a, b = root(int(first[k])), root(int(second[k]))
        if a == b:
            continue
        low, high = (a, b) if top[a] < top[b] else (b, a)
        if top[low] - passes[k] < prominence:
            parent[low] = high
    table = np.array([root(i) for i in range(count)], dtype=np.int64)
    _, table = np.unique(table, return_inverse=True)
    joined: np.ndarray = table.astype(np.int32)[labels]
    return joined


def _passes(labels: np.ndarray, height: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of touching basins and the height of the highest pass between them."""
    flat, level = labels.ravel(), height.ravel()
    keys, heights = [], []
    step = 1
    for axis in reversed(range(labels.ndim)):
        length = labels.shape[axis]
        at = np.flatnonzero(flat[:-step] != flat[step:]) if length > 1 else np.zeros(0, np.int64)
        at = at[(at // step) % length < length - 1]  # neighbours, not the end of one line and the start of the next
        a, b = flat[at].astype(np.int64), flat[at + step].astype(np.int64)
        both = (a > 0) & (b > 0)
        a, b, at = a[both], b[both], at[both]
        keys.append(np.minimum(a, b) * count + np.maximum(a, b))
        heights.append(np.minimum(level[at], level[at + step]))
        step *= length
    key, value = np.concatenate(keys), np.concatenate(heights)
    if len(key) == 0:
        return key, key, value
    order = np.argsort(key, kind="stable")
    pairs, start = np.unique(key[order], return_index=True)
    return pairs // count, pairs % count, np.maximum.reduceat(value[order], start)
