"""Who goes with whom: pairs of objects of two label arrays, so that nobody has two partners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Counts = NDArray[np.int64]


def one_to_one(ones: Counts, others: Counts, worth: NDArray[np.float64]) -> Counts:
    """Which pairs to keep so that nobody has two partners: as many as possible, then those worth most in sum.

    Pairs that have nothing to do with each other are settled apart: a frame may have a hundred thousand objects.

    Parameters
    ----------
    ones, others
        The two partners of each pair, as numbers.
    worth
        Of each pair, between 0 and 1, such as their intersection over union.
    """
    is_only = (_times(ones) == 1) & (_times(others) == 1)
    kept = [np.flatnonzero(is_only)]
    left = np.flatnonzero(~is_only)
    for group in _groups(ones[left], others[left]):
        places = left[group]
        kept.append(places[_best(ones[places], others[places], worth[places])])
    return np.sort(np.concatenate(kept))


def _times(numbers: Counts) -> Counts:
    """How often each of these numbers occurs among them."""
    _, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    times: Counts = counts[place]
    return times


def _groups(ones: Counts, others: Counts) -> list[Counts]:
    """Pairs, by their places, in groups that share nobody."""
    if len(ones) == 0:
        return []
    names, rows = np.unique(ones, return_inverse=True)
    columns = np.unique(others, return_inverse=True)[1] + len(names)
    nodes = int(columns.max()) + 1
    graph = coo_array((np.ones(len(ones), bool), (rows, columns)), shape=(nodes, nodes))
    group = connected_components(graph, directed=False)[1][rows]
    order = np.argsort(group, kind="stable")
    return list(np.split(order, np.flatnonzero(np.diff(group[order])) + 1))


def _best(ones: Counts, others: Counts, worth: NDArray[np.float64]) -> Counts:
    """The same for pairs that all hang together."""
    rows, columns = np.unique(ones, return_inverse=True)[1], np.unique(others, return_inverse=True)[1]
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    table[rows, columns] = 1 + worth / (2 * len(worth))
    index = np.full(table.shape, -1)
    index[rows, columns] = np.arange(len(worth))
    kept: Counts = index[linear_sum_assignment(table, maximize=True)]
    return kept[kept >= 0]
