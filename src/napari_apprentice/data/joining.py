"""Objects found slice by slice made whole: sections are linked from slice to slice by how much they overlap.

Two sections belong together when each is the other's best match and they overlap enough: Jaccard index, or, for the
caps of round objects, the share of the smaller one. Linking is transitive; it never joins two sections of one slice,
because each section has at most one partner above and one below.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

JACCARD = 0.25
INSIDE = 0.75  # share of the smaller section that lies on the larger
_CAP = 0.1  # least Jaccard index of a cap


def join_slices(slices: NDArray[Any]) -> NDArray[np.uint32]:
    """Labels (Z, Y, X), numbered anew in each slice, to objects (Z, Y, X) numbered from 1 in order of appearance."""
    joined = np.zeros(slices.shape, np.uint32)
    highest = 0
    below: NDArray[Any] = np.zeros(1, np.int64)  # names of the sections of the slice before, by label
    for z, plane in enumerate(slices):
        names = np.zeros(int(plane.max()) + 1, np.int64)
        if z > 0:
            for lower, upper in _partners(slices[z - 1], plane):
                names[upper] = below[lower]
        fresh = np.setdiff1d(np.flatnonzero(names == 0), [0])
        names[fresh] = np.arange(highest + 1, highest + 1 + len(fresh))
        highest += len(fresh)
        joined[z] = names[plane]
        below = names
    _, numbers = np.unique(joined, return_inverse=True)
    with_none = 0 if (joined == 0).any() else 1
    return (numbers.reshape(joined.shape) + with_none).astype(np.uint32)


def _partners(lower: NDArray[Any], upper: NDArray[Any]) -> list[tuple[int, int]]:
    """Pairs of labels of two neighbouring slices (Y, X) that are sections of one object."""
    both = (lower > 0) & (upper > 0)
    if not both.any():
        return []
    count = int(upper.max()) + 1
    keys, shared = np.unique(lower[both].astype(np.int64) * count + upper[both], return_counts=True)
    a, b = keys // count, keys % count
    size_a, size_b = np.bincount(lower.ravel())[a], np.bincount(upper.ravel())[b]
    jaccard = shared / (size_a + size_b - shared)
    inside = shared / np.minimum(size_a, size_b)
    enough = (jaccard >= JACCARD) | ((inside >= INSIDE) & (jaccard >= _CAP))
    best_a, best_b = _best(a, jaccard), _best(b, jaccard)
    mutual = (jaccard == best_a[a]) & (jaccard == best_b[b]) & enough
    return _each_once(a[mutual].tolist(), b[mutual].tolist())


def _best(labels: NDArray[Any], value: NDArray[Any]) -> NDArray[Any]:
    best = np.zeros(int(labels.max()) + 1)
    np.maximum.at(best, labels, value)
    return best


def _each_once(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    """Ties broken: the first pair takes both."""
    seen_a: set[int] = set()
    seen_b: set[int] = set()
    pairs = []
    for one, other in zip(a, b, strict=True):
        if one not in seen_a and other not in seen_b:
            pairs.append((one, other))
            seen_a.add(one)
            seen_b.add(other)
    return pairs
