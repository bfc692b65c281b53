"""Divisions, read from ids that are kept through time: which object was in the frame before where a new one is."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.linking import FrameOverlap

LEAST_SHARE = 0.5  # of a new object that lies where its parent was

Parents = dict[int, tuple[int, int]]  # of each id that came out of a division: its first frame, and its parent's id
Graph = dict[int, list[int]]


def parents_of(labels: NDArray[Any]) -> Parents:
    """The objects of labels (T, Z, Y, X) that came out of divisions.

    An id that was in no frame before is of a daughter when half of it or more lies where one object was in the frame
    before, and that object goes on itself, by its id, or has another such daughter. One that only lost its id is none.
    """
    seen: set[int] = set()
    parents: Parents = {}
    for t in range(1, len(labels)):
        counted = FrameOverlap.of(labels[t - 1], labels[t])
        seen.update(counted.before.tolist())
        daughters = defaultdict(list)
        for child, parent in _origins(counted).items():
            if child not in seen:
                daughters[parent].append(child)
        still = set(counted.now.tolist())
        for parent, children in daughters.items():
            if len(children) + (parent in still) > 1:
                parents |= dict.fromkeys(children, (t, parent))
    return parents


def split_paths(paths: NDArray[np.float64], parents: Parents) -> tuple[NDArray[np.float64], Graph]:
    """Rows of `paths_of` as tracks that end where an object divides, and the graph by which napari joins them.

    A parent that goes on under its own id has another number from there on, beyond all ids.
    """
    rows, graph = paths.copy(), Graph()
    free = int(rows[:, 0].max(initial=0)) + 1
    called: dict[int, int] = {}  # what a parent is called by now
    for t, parent in sorted({*parents.values()}):
        before = called.get(parent, parent)
        graph |= {child: [before] for child, division in parents.items() if division == (t, parent)}
        after = (rows[:, 0] == before) & (rows[:, 1] >= t)
        if after.any():
            rows[after, 0] = called[parent] = free
            graph[free] = [before]
            free += 1
    there = set(rows[:, 0].astype(np.int64).tolist())
    kept = {child: old for child, old in graph.items() if child in there and old[0] in there}
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))], kept


def _origins(counted: FrameOverlap) -> dict[int, int]:
    """Of each object of a frame the one before that most of it lies on, if that is enough of it."""
    size = dict(zip(counted.now.tolist(), counted.now_size.tolist(), strict=True))
    most: dict[int, tuple[int, int]] = {}
    for (before, now), shared in zip(counted.pairs.tolist(), counted.shared.tolist(), strict=True):
        if shared > most.get(now, (0, 0))[0]:
            most[now] = (shared, before)
    return {now: before for now, (shared, before) in most.items() if shared >= LEAST_SHARE * size[now]}
