"""What of a large image is corrected, chunk by chunk, and which proposed objects it makes another name for."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.corrections import KEPT, UNKNOWN
from napari_apprentice.data.storage import chunks
from napari_apprentice.jobs import StoreRef


class CorrectedChunks:
    """Labels and what is confirmed. An object of which a part is kept is kept beyond the part that was open, too."""

    def __init__(self, store: StoreRef) -> None:
        self.labels = zarr.open_array(store.labels, mode="r")
        self._confirmed = zarr.open_array(store.confirmed, mode="r")
        self._kept: dict[int, NDArray[np.uint32]] = {}  # ids by frame
        shape, chunk = self.labels.shape, self.labels.chunks
        self.sure = list(chunks.written_chunks(Path(store.confirmed), chunk, shape))  # in which anything stays
        for part in self.sure:
            ids, state = self.read(part)
            before = self._kept.get(part[0].start, ids[:0].ravel())
            self._kept[part[0].start] = np.union1d(before, ids[state == KEPT])
        others = [part for part in chunks.written_chunks(Path(store.labels), chunk, shape) if part not in self.sure]
        self.sure += [part for part in others if self._reaches(part)]

    def read(self, part: Region) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        """Labels of a chunk, and what of them stays."""
        ids, state = np.asarray(self.labels[part]), np.asarray(self._confirmed[part])
        kept_here = self._kept.get(part[0].start, ids[:0])
        return ids, np.where((state == UNKNOWN) & np.isin(ids, kept_here), np.uint8(KEPT), state)

    def _reaches(self, part: Region) -> bool:
        ids = self._kept.get(part[0].start)
        return ids is not None and len(ids) > 0 and bool(np.isin(self.labels[part], ids).any())

    def known(self, proposal: Any) -> dict[int, dict[int, int]]:
        """By frame: proposed objects that are dropped (0) or go on being an object that is confirmed (its id)."""
        frames: dict[int, list[Region]] = defaultdict(list)
        for part in self.sure:
            frames[part[0].start].append(part)
        return {t: _known(proposal, self, parts) for t, parts in frames.items()}


def _known(proposal: Any, corrected: CorrectedChunks, sure: list[Region]) -> dict[int, int]:
    """The same for one frame, of which ``sure`` are the chunks in which anything stays."""
    on_confirmed: Counter[int] = Counter()
    on_object: Counter[tuple[int, int]] = Counter()
    for part in sure:
        found, (ids, state) = np.asarray(proposal[part]), corrected.read(part)
        on_confirmed.update(_counted(found[(found > 0) & (state != UNKNOWN)]))
        both = (found > 0) & (ids > 0) & (state != UNKNOWN)
        pairs, counts = np.unique(np.stack([found[both], ids[both]]), axis=1, return_counts=True)
        on_object.update({(int(a), int(b)): int(n) for (a, b), n in zip(pairs.T, counts, strict=True)})
    sizes: Counter[int] = Counter()
    unfinished: set[int] = set()  # objects of which a part is not confirmed
    for part in _around(sure, corrected.labels.chunks, corrected.labels.shape):
        found, (ids, state) = np.asarray(proposal[part]), corrected.read(part)
        sizes.update({one: n for one, n in _counted(found[found > 0]).items() if one in on_confirmed})
        unfinished.update(_counted(ids[(ids > 0) & (state == UNKNOWN)]))
    heirs: dict[int, tuple[int, int]] = {}  # by object: how much of it is shared, with which proposed one
    for (one, there), count in on_object.items():
        if there in unfinished and 2 * count > on_confirmed[one]:
            heirs[there] = max(heirs.get(there, (0, 0)), (count, one))
    own = {one: count for count, one in heirs.values()}
    known = {one: 0 for one, count in on_confirmed.items() if 2 * (count - own.get(one, 0)) >= sizes[one]}
    return {**{one: there for there, (_, one) in heirs.items()}, **known}


def _counted(values: NDArray[Any]) -> dict[int, int]:
    ids, counts = np.unique(values, return_counts=True)
    return {int(one): int(n) for one, n in zip(ids, counts, strict=True)}


def _around(parts: list[Region], chunk: tuple[int, ...], shape: tuple[int, ...]) -> list[Region]:
    """These chunks and their neighbours in the same frame."""
    places = {tuple(edge.start // n for edge, n in zip(part, chunk, strict=True)) for part in parts}
    ends = [-(-n // c) for n, c in zip(shape, chunk, strict=True)]
    near = {
        (t, *(i + d for i, d in zip(rest, shift, strict=True)))
        for t, *rest in places
        for shift in itertools.product((-1, 0, 1), repeat=3)
    }
    inside = sorted(one for one in near if all(0 <= i < n for i, n in zip(one, ends, strict=True)))
    return [regions.chunk_region(place, chunk, shape) for place in inside]
