"""A few of the voxels that are confirmed, and what they are: what can be learned from at once."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, Confirmed, Labels

_MOST = 2400

Places = NDArray[np.int64]


def samples_in(
    labels: Labels, confirmed: Confirmed, regions: Iterable[Region], most: int = _MOST
) -> tuple[Places, NDArray[np.int64]]:
    """Places (n, 4) as (t, z, y, x) and values (n), 0 for background, of voxels that are confirmed in some regions.

    About ``most`` at the most: of each value as many as of any other, as far as there are, evenly spaced, so that the
    same voxels are taken while nothing changes. Arrays are (T, Z, Y, X).
    """
    found = []
    for region in regions:
        corner = [part.start for part in region]
        sure = confirmed[region]
        flat = np.flatnonzero((sure == AS_LABELLED) | (sure == BACKGROUND))
        places = np.stack(np.unravel_index(flat, sure.shape), axis=1) + np.array(corner)
        found.append(places)
    places = np.concatenate(found) if found else np.zeros((0, 4), np.int64)
    if len(found) > 1:  # they may overlap
        _, first = np.unique(np.ravel_multi_index(tuple(places.T), labels.shape), return_index=True)
        places = places[first]
    at = tuple(places.T)
    values = np.where(confirmed[at] == AS_LABELLED, labels[at], 0).astype(np.int64)
    kept = _evenly(values, most)
    return places[kept], values[kept]


def _evenly(values: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    known, counts = np.unique(values, return_counts=True)
    room, chosen = most, []
    for left, place in zip(
        range(len(known), 0, -1), np.argsort(counts), strict=True
    ):  # what the rare leave is for others
        where = np.flatnonzero(values == known[place])
        share = min(len(where), room // left)
        room -= share
        if share:
            chosen.append(where[np.linspace(0, len(where) - 1, share).astype(np.int64)])
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)
