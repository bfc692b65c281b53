"""Where patches are drawn, so that an object counts as much as another however large it is."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, rank_ids
from napari_apprentice.settings import Kind

_PLACES = 6  # per object, at which patches are drawn


def places(labels: np.ndarray, training: np.ndarray, kind: Kind, rng: np.random.Generator) -> np.ndarray:
    """Where patches are drawn, (n, 3) z, y, x: as many in every object however large it is.

    Background, and each class, counts as as many objects as its area would make, but at most as half of them (or as
    12 for classes).
    """
    found: list[np.ndarray] = []
    groups = labels if kind == "classes" else np.zeros_like(labels)
    if kind == "instances":
        found += _per_object(labels, training, rng)
    count = max(1, len(found) // 2)
    for value in np.unique(groups[training == AS_LABELLED]) if kind == "classes" else ():
        found.append(_some(np.argwhere((labels == value) & (training == AS_LABELLED)), 12 * _PLACES, rng))
    background = np.argwhere(training == BACKGROUND)
    if len(background):
        area = sum(map(len, found)) if kind == "classes" else _typical(labels, training)
        equal = 12 if kind == "classes" else int(np.clip(round(len(background) / max(1, area)), 1, count))
        found.append(_some(background, equal * _PLACES, rng))
    return np.concatenate(found).astype(np.float32) if found else np.zeros((0, 3), np.float32)


def _per_object(labels: np.ndarray, training: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    _, ranks = rank_ids(labels)
    where = np.argwhere((training == AS_LABELLED) & (labels > 0))
    ids = ranks[tuple(where.T)]
    order = np.argsort(ids, kind="stable")
    cuts = np.flatnonzero(np.diff(ids[order])) + 1
    return [_some(where[part], _PLACES, rng) for part in np.split(order, cuts)] if len(where) else []


def _some(where: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    return where[rng.integers(len(where), size=count)]


def _typical(labels: np.ndarray, training: np.ndarray) -> float:
    sizes = np.bincount(rank_ids(labels)[1][(training == AS_LABELLED) & (labels > 0)])
    return float(np.median(sizes[sizes > 0])) if sizes.any() else 400.0
