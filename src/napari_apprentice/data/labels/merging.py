"""A proposal for all of a large image becomes its labels, chunk by chunk; what is confirmed stays as it is.

The rule is that of `corrections.merge_proposal`, as far as it can be told from one chunk and its neighbours.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.corrections import KEPT, UNKNOWN
from napari_apprentice.data.storage import chunks, syncing
from napari_apprentice.jobs import StoreRef
from napari_apprentice.settings import Kind


def merge(proposal: Any, store: StoreRef, kind: Kind) -> Iterator[float]:
    """Write ``store.merged`` and ``store.overview``; yields the share done. ``proposal`` is an array (T, Z, Y, X).

    A proposed object that mostly lies on what is confirmed is dropped; one that mostly continues a single object
    confirmed in part has its id; every other one is numbered after ``store.first``.
    """
    corrected = _Corrected(store)
    labels = corrected.labels
    merged = chunks.open_chunks(Path(store.merged), labels.shape, labels.chunks, np.uint32, is_replaced=False)
    coarse = [-(-n // step) for n, step in zip(labels.shape, store.steps, strict=True)]
    chunk = [min(n, c) for n, c in zip(coarse, labels.chunks, strict=True)]
    overview = chunks.open_chunks(Path(store.overview), coarse, chunk, np.uint32, is_replaced=False)
    known = _known(proposal, corrected) if kind == "instances" else {}
    grid = [range(-(-n // c)) for n, c in zip(labels.shape, labels.chunks, strict=True)]
    places = list(itertools.product(*grid))
    for number, place in enumerate(places, 1):
        part = regions.chunk_region(place, labels.chunks, labels.shape)
        found = np.asarray(proposal[part]).astype(np.uint32)
        if kind == "instances":
            found = _named(found, known, store.first)
        if part in corrected.sure:
            found = keep_corrected(found, *corrected.read(part))
        if found.any():
            merged[part] = found
            chunks.draw(overview, store.steps, part, found)
        yield number / len(places)
    for made in (store.merged, store.overview):  # before they take the place of what is on disk
        syncing.sync_tree(Path(made))


class _Corrected:
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


def keep_corrected(
    found: NDArray[np.uint32], labels: NDArray[np.uint32], confirmed: NDArray[np.uint8]
) -> NDArray[np.uint32]:
    """What is found, but where something is confirmed what is there."""
    return np.where(confirmed == UNKNOWN, found, labels)


def _named(found: NDArray[np.uint32], known: dict[int, int], first: int) -> NDArray[np.uint32]:
    out = np.where(found > 0, found + np.uint32(first - 1), 0).astype(np.uint32)
    if known:
        for one in np.intersect1d(np.unique(found), np.fromiter(known, np.uint32)):
            out[found == one] = known[int(one)]
    return out


def _known(proposal: Any, corrected: _Corrected) -> dict[int, int]:
    """Proposed objects that are dropped (0) or go on being an object that is confirmed (its id)."""
    on_confirmed: Counter[int] = Counter()
    on_object: Counter[tuple[int, int]] = Counter()
    for part in corrected.sure:
        found, (ids, state) = np.asarray(proposal[part]), corrected.read(part)
        on_confirmed.update(_counted(found[(found > 0) & (state != UNKNOWN)]))
        both = (found > 0) & (ids > 0) & (state != UNKNOWN)
        pairs, counts = np.unique(np.stack([found[both], ids[both]]), axis=1, return_counts=True)
        on_object.update({(int(a), int(b)): int(n) for (a, b), n in zip(pairs.T, counts, strict=True)})
    sizes: Counter[int] = Counter()
    unfinished: set[int] = set()  # objects of which a part is not confirmed
    for part in _around(corrected.sure, corrected.labels.chunks, corrected.labels.shape):
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
