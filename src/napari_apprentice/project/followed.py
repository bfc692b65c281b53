"""Through time in a large image, of which one frame at a time is open: which objects are those of the frames around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.labels.linking import FrameOverlap
from napari_apprentice.project.store import LabelStore


def followed_in(store: LabelStore, region: Region, labels: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Objects of the open ``region`` (1, Z, Y, X), each with the id it has in the frame before, or in the next.

    Those that are confirmed there come first. Ids that another object of the same frame has outside the region are left
    out, as far as `_ids_around` sees.
    """
    sure: list[tuple[int, int]] = []
    others: list[tuple[int, int]] = []
    for t in (region[0].start - 1, region[0].stop):
        if not 0 <= t < store.shape[0]:
            continue
        there, confirmed = store.read((slice(t, t + 1), *region[1:]))
        fixed = np.unique(there[confirmed != UNKNOWN])
        ids_there, ids_here = FrameOverlap.of(there, labels).links()
        for one, other in zip(ids_here.tolist(), ids_there.tolist(), strict=True):
            (sure if other in fixed else others).append((one, other))
    taken = _ids_around(store, region) if sure or others else set()
    return [(one, other) for one, other in (*sure, *others) if other not in taken]


def _ids_around(store: LabelStore, region: Region) -> set[int]:
    """Ids in the same frame outside a region: all of the chunks next to it, and farther away those of the overview."""
    coarse = np.asarray(store.overview[region[0]])
    edges = [slice(-(-part.start // n), -(-part.stop // n)) for part, n in zip(region, store.steps, strict=True)]
    coarse[(slice(None), *edges[1:])] = 0
    near = _widened(region, store)
    labels = store.read(near)[0]
    labels[regions.position_within(region, near)] = 0
    return set(np.unique(coarse).tolist()) | set(np.unique(labels).tolist())


def _widened(region: Region, store: LabelStore) -> Region:
    _, z, y, x = (
        slice(max(0, part.start - chunk), min(n, part.stop + chunk))
        for part, chunk, n in zip(region, store.chunk, store.shape, strict=True)
    )
    return region[0], z, y, x
