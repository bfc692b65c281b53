"""A proposal for all of a large image becomes its labels, chunk by chunk; what is confirmed stays as it is.

The rule is that of `corrections.merge_proposal`, as far as it can be told from one chunk and its neighbours. Through
time objects are linked by that of `tracks`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.corrected_chunks import CorrectedChunks
from napari_apprentice.data.labels.corrections import NOT_COUNTED, UNKNOWN
from napari_apprentice.data.labels.linking import FrameOverlap, Ids, Links, renamed
from napari_apprentice.data.labels.tracks import FrameObjects, names_through_time
from napari_apprentice.data.storage import chunks, syncing
from napari_apprentice.jobs import StoreRef
from napari_apprentice.settings import Kind

_Labels = NDArray[np.uint32]


def merge(proposal: Any, store: StoreRef, kind: Kind, *, link: bool = False) -> Generator[float, None, int | None]:
    """Write ``store.merged`` and ``store.overview``; yields the share done. ``proposal`` is an array (T, Z, Y, X).

    A proposed object that mostly lies on what is confirmed is dropped; one that mostly continues a single object
    confirmed in part has its id; every other one is numbered after ``store.first``. With ``link`` objects keep their
    ids through time: how many there are then is returned at the end.
    """
    merged = _Merged(proposal, store, kind)
    objects, names = None, None
    if link and kind == "instances" and merged.shape[0] > 1:
        objects, names = yield from _linked(merged, store.first)
    target = chunks.open_chunks(Path(store.merged), merged.shape, merged.chunks, np.uint32, is_replaced=False)
    coarse = [-(-n // step) for n, step in zip(merged.shape, store.steps, strict=True)]
    chunk = [min(n, c) for n, c in zip(coarse, merged.chunks, strict=True)]
    overview = chunks.open_chunks(Path(store.overview), coarse, chunk, np.uint32, is_replaced=False)
    done = 0.0 if names is None else _LINKING
    places = list(merged.places(range(merged.shape[0])))
    for number, place in enumerate(places, 1):
        part = merged.part(place)
        found = merged.read(part)
        if names is not None:
            found = renamed(found, *names[part[0].start])
        if found.any():
            target[part] = found
            chunks.draw(overview, store.steps, part, found)
        yield done + (1 - done) * number / len(places)
    for made in (store.merged, store.overview):  # before they take the place of what is on disk
        syncing.sync_tree(Path(made))
    return objects


def keep_corrected(found: _Labels, labels: _Labels, confirmed: NDArray[np.uint8]) -> _Labels:
    """What is found, but where something is confirmed what is there."""
    return np.where(confirmed == UNKNOWN, found, labels)


_LINKING = 0.6  # of the work: each chunk is read twice


class _Merged:
    """The labels as they come out, frame by frame: objects that are new have ids from ``store.first`` on."""

    def __init__(self, proposal: Any, store: StoreRef, kind: Kind) -> None:
        self._proposal = proposal
        self._first = store.first
        self._kind = kind
        self._corrected = CorrectedChunks(store)
        self.shape: tuple[int, ...] = self._corrected.labels.shape
        self.chunks: tuple[int, ...] = self._corrected.labels.chunks
        self._sure = set(map(_key, self._corrected.sure))
        self._known = self._corrected.known(proposal) if kind == "instances" else {}

    def places(self, frames: range) -> Iterator[tuple[int, ...]]:
        """The chunks of some frames, of which each has its own."""
        rest = [range(-(-n // c)) for n, c in zip(self.shape[1:], self.chunks[1:], strict=True)]
        return itertools.product(frames, *rest)

    def part(self, place: tuple[int, ...]) -> Region:
        """The voxels of a chunk."""
        return regions.chunk_region(place, self.chunks, self.shape)

    def read(self, part: Region) -> _Labels:
        """The labels of a chunk."""
        found = np.asarray(self._proposal[part]).astype(np.uint32)
        if self._kind == "instances":
            found = _named(found, self._known.get(part[0].start, {}), self._first)
        return keep_corrected(found, *self._corrected.read(part)) if _key(part) in self._sure else found


def _key(part: Region) -> tuple[int, ...]:
    return tuple(edge.start for edge in part)


def _linked(merged: _Merged, first: int) -> Generator[float, None, tuple[int, list[tuple[Ids, Ids]]]]:
    """How many objects there are through time, and of each frame their ids and their names; yields the share done.

    What is confirmed, and what has its id, has one below ``first``, or one that is nobody's count: these stay.
    """
    frames: list[FrameObjects] = []
    links: list[Links] = []
    for t in range(1, merged.shape[0]):
        places = list(merged.places(range(t, t + 1)))
        parts = []
        for number, (_, *rest) in enumerate(places, 1):
            before, now = (merged.read(merged.part((one, *rest))) for one in (t - 1, t))
            parts.append(FrameOverlap.of(before, now))
            yield _LINKING * (t - 1 + number / len(places)) / (merged.shape[0] - 1)
        counted = FrameOverlap.together(parts)
        links.append(counted.links())
        for ids in (counted.before, counted.now) if t == 1 else (counted.now,):
            frames.append(FrameObjects(ids, (ids < first) | (ids >= NOT_COUNTED)))
    names = names_through_time(frames, links, _free_from(first))
    every = np.unique(np.concatenate(names))
    return len(every), [(frame.ids, called) for frame, called in zip(frames, names, strict=True)]


def _free_from(first: int) -> Callable[[int], Ids]:
    return lambda count: np.arange(first, first + count, dtype=np.uint32)


def _named(found: _Labels, known: dict[int, int], first: int) -> _Labels:
    out = np.where(found > 0, found + np.uint32(first - 1), 0).astype(np.uint32)
    if known:
        for one in np.intersect1d(np.unique(found), np.fromiter(known, np.uint32)):
            out[found == one] = known[int(one)]
    return out
