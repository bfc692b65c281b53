"""How doubtful the objects of an image are: as numbers for each, and as a map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import UNKNOWN, rank_ids
from napari_apprentice.session.doubtful_places import empty_in, slices
from napari_apprentice.session.project_image import ProjectImage


def doubts_of(entry: ProjectImage) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Objects (n, 2), frames and ids, of an image that nobody confirmed, and their doubts.

    They ascend; of a large image they are those in the part that is open. Objects that were not proposed, such as
    those that came with other labels, have no doubt and are not among them.
    """
    kept = entry.doubts
    if kept is None:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    starts = np.array([part.start for part in entry.region])
    objects = kept.doubts.only(kept.doubts.inside(entry.region) & ~kept.doubts.missed)
    place = tuple((objects.points - starts).T)
    ids = entry.labels[place].astype(np.int64)
    there = (ids > 0) & (entry.confirmed[place] == UNKNOWN)
    names, number = np.unique(np.stack([place[0], ids], axis=1)[there], axis=0, return_inverse=True)
    values = np.zeros(len(names))
    np.maximum.at(values, number, objects.values[there])
    return names.astype(np.int64), values


def doubt_map(entry: ProjectImage) -> NDArray[np.float32] | None:
    """The doubt of each voxel's object, or of the place without one around it, (T, Z, Y, X) of what is open.

    0 where nobody doubts, as in what is confirmed; None where nothing is known.
    """
    kept = entry.doubts
    if kept is None:
        return None
    objects, values = doubts_of(entry)
    names, ranks = rank_ids(entry.labels)
    table = np.zeros((len(entry.labels), len(names)), np.float32)
    table[objects[:, 0], np.searchsorted(names, objects[:, 1])] = values
    found = np.stack([table[t][ranks[t]] for t in range(len(ranks))])
    places = kept.doubts.only(kept.doubts.missed & kept.doubts.inside(entry.region))
    for i in np.flatnonzero(entry.still_open(places)):
        flat = empty_in(entry, slices(places.boxes[i]))
        found.reshape(-1)[flat] = np.maximum(found.reshape(-1)[flat], np.float32(places.values[i]))
    return found
