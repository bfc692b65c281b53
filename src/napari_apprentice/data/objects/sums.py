"""Sums over the voxels of each object, from which its measurements follow: an edit adds and takes away its own voxels.

So a stroke costs as much as the stroke, not as the image. Labels and what is confirmed are (T, Z, Y, X); an object is
what has an id in its frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region, Shape
from napari_apprentice.data.labels.corrections import AS_LABELLED, KEPT, Confirmed, Labels, rank_ids
from napari_apprentice.data.labels.deltas import Delta

VOXELS, SURE, KEPT_VOXELS, BORDER, BEYOND, CHANNELS = range(6)  # columns; the channels are the last ones

Look = Callable[[int, tuple[slice, ...]], NDArray[Any]]  # pixels (C, Z, Y, X) of a frame in a box (z, y, x)

_BLOCK = 1 << 19  # voxels that are looked at in one step


@dataclass(frozen=True, eq=False)
class ObjectSums:
    """Objects in ascending order of frame and id.

    Attributes
    ----------
    keys
        Frame and id in one number each, (n,): ``frame << 32 | id``.
    sums
        (n, 5 + channels): voxels, those confirmed as labelled, those kept, those on the border of the image, those on
        an edge of the open part where the image goes on, and the intensities of each channel.
    """

    keys: NDArray[np.int64]
    sums: NDArray[np.float64]

    @classmethod
    def joined(cls, parts: list[ObjectSums], columns: int) -> ObjectSums:
        """All of them; what is found in several is added up, and what has no voxel is none."""
        keys = np.concatenate([np.zeros(0, np.int64), *(part.keys for part in parts)])
        sums = np.concatenate([np.zeros((0, columns)), *(part.sums for part in parts)])
        if len(keys) == 0:
            return cls(keys, sums)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
        added = np.add.reduceat(sums[order], starts, axis=0)
        there = added[:, VOXELS] > 0
        return cls(keys[starts][there], added[there])

    @property
    def frames(self) -> NDArray[np.int64]:
        """The frame of each object."""
        return self.keys >> 32

    @property
    def ids(self) -> NDArray[np.int64]:
        """The id of each object."""
        return self.keys & 0xFFFFFFFF


@dataclass(frozen=True, eq=False)
class Measured:
    """What is summed up: arrays that are shared with those who edit them, and where they lie in the image.

    ``region`` is the part of an image of ``shape`` that they are; ``look`` gives its pixels, ``channels`` of them.
    """

    labels: Labels
    confirmed: Confirmed
    region: Region
    shape: Shape
    look: Look
    channels: int

    @property
    def columns(self) -> int:
        """How many sums an object has."""
        return CHANNELS + self.channels

    def blocks(self) -> Iterator[tuple[int, ObjectSums]]:
        """The sums of all voxels, block by block in the order of flat indices, and the index up to which they are."""
        frames, depth, height, width = self.labels.shape
        rows = max(1, _BLOCK // width)
        for t in range(frames):
            for z in range(depth):
                for y in range(0, height, rows):
                    part = slice(y, min(height, y + rows))
                    yield (((t * depth) + z) * height + part.stop) * width, self._of_block(t, z, part)

    def of_edit(self, delta: Delta) -> ObjectSums:
        """What an edit that was made adds to the sums: its voxels after it, less those before."""
        t, z, y, x = np.unravel_index(delta.indices, delta.shape)
        border, beyond = self._edges(z, y, x)
        pixels = self._pixels_at(t, z, y, x, delta)
        parts = []
        for sign, labels, sure in (
            (-1.0, delta.labels_before, delta.confirmed_before),
            (1.0, delta.labels_after, delta.confirmed_after),
        ):
            there = np.flatnonzero(labels)
            where, ids = t[there].astype(np.int64) << 32, labels[there].astype(np.int64)
            keys, ranks = np.unique(where | ids, return_inverse=True)
            weights = (sure[there], border[there], beyond[there], pixels[:, there])
            parts.append(ObjectSums(keys, sign * _added(ranks.ravel(), len(keys), *weights)))
        return ObjectSums(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("keys", "sums")))

    def _of_block(self, t: int, z: int, rows: slice) -> ObjectSums:
        flat = self.labels[t, z, rows].reshape(-1)
        there = np.flatnonzero(flat)
        if len(there) == 0:
            return ObjectSums(np.zeros(0, np.int64), np.zeros((0, self.columns)))
        names, ranks = rank_ids(flat[there], flat.size)
        width = self.labels.shape[3]
        y, x = np.arange(rows.start, rows.stop)[:, None], np.arange(width)[None, :]
        border, beyond = (one.reshape(-1)[there] for one in self._edges(np.int64(z), y, x))
        sure = self.confirmed[t, z, rows].reshape(-1)[there]
        box = (slice(z, z + 1), rows, slice(0, width))
        pixels = self._look(t, box)[:, there]
        sums = _added(ranks, len(names), sure, border, beyond, pixels)
        found = np.flatnonzero(sums[:, VOXELS])
        return ObjectSums(names[found].astype(np.int64) | (t << 32), sums[found])

    def _look(self, t: int, box: tuple[slice, ...]) -> NDArray[Any]:
        """Intensities (C, n) of all voxels of a box."""
        if self.channels == 0:
            return np.zeros((0, math.prod(side.stop - side.start for side in box)))
        return self.look(t, box).reshape(self.channels, -1)

    def _edges(self, *places: Any) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether voxels at places (z, y, x) lie on the border of the image, and where the open part ends before it."""
        shape = np.broadcast_shapes(*(np.shape(one) for one in places))
        border, beyond = np.zeros(shape, bool), np.zeros(shape, bool)
        for at, part, length in zip(places, self.region[1:], self.shape[1:], strict=True):
            if length == 1:
                continue
            for is_there, ends in (
                (at == 0, part.start == 0),
                (at == part.stop - part.start - 1, part.stop == length),
            ):
                which = border if ends else beyond
                which |= is_there
        return border, beyond

    def _pixels_at(self, t: Any, z: Any, y: Any, x: Any, delta: Delta) -> NDArray[Any]:
        """Intensities (C, n) at the voxels of an edit."""
        found = np.zeros((self.channels, len(t)))
        if self.channels == 0 or len(t) == 0:
            return found
        box = tuple(slice(*side) for side in delta.box[1:])
        for frame in np.unique(t):
            here = t == frame
            place = [at[here] - side.start for at, side in zip((z, y, x), box, strict=True)]
            found[:, here] = self.look(int(frame), box)[:, *place]
        return found


class Summing:
    """Adds up all objects block by block and goes on from there with edits; what is looked at may change meanwhile."""

    def __init__(self, measured: Measured) -> None:
        self.measured = measured
        self.begin()

    def begin(self) -> None:
        """Look at everything anew."""
        self.sums: ObjectSums | None = None  # once all was looked at
        self._blocks = self.measured.blocks()
        self._parts: list[ObjectSums] = []
        self._seen = 0  # flat indices below were looked at
        self._edits: list[tuple[int, Delta]] = []  # with what was seen when they were made

    @property
    def waiting(self) -> int:
        """Voxels of edits that were not taken in yet."""
        return sum(len(delta) for _, delta in self._edits)

    @property
    def is_done(self) -> bool:
        """Whether `sums` are those of now."""
        return self.sums is not None and not self._edits

    def note(self, delta: Delta) -> None:
        """An edit was made; it is taken in at the next `step`."""
        self._edits.append((self._seen, delta))

    def step(self) -> None:
        """Take in the edits, or look at the next block."""
        if self._edits:
            edits, self._edits = self._edits, []
            found = [self.measured.of_edit(delta.up_to(seen)) for seen, delta in edits]
            if not all(np.isfinite(part.sums).all() for part in found):
                self.begin()  # what is no number cannot be taken away from a sum again
                return
            self._parts += found
            if self.sums is not None:
                self._finish()
            return
        block = next(self._blocks, None)
        if block is not None:
            self._seen, sums = block
            self._parts.append(sums)
        elif self.sums is None:
            self._finish()

    def _finish(self) -> None:
        before = [] if self.sums is None else [self.sums]
        self.sums = ObjectSums.joined([*before, *self._parts], self.measured.columns)
        self._parts = []


def _added(
    ranks: NDArray[Any],
    count: int,
    sure: Confirmed,
    border: NDArray[np.bool_],
    beyond: NDArray[np.bool_],
    pixels: NDArray[Any],
) -> NDArray[np.float64]:
    """Sums (count, 5 + C) by rank over voxels, of which ``pixels`` (C, n) are the intensities."""
    sums = np.zeros((count, CHANNELS + len(pixels)))
    sums[:, VOXELS] = np.bincount(ranks, minlength=count)
    marks = ((SURE, sure == AS_LABELLED), (KEPT_VOXELS, sure == KEPT), (BORDER, border), (BEYOND, beyond))
    for column, marked in marks:
        if marked.any():
            sums[:, column] = np.bincount(ranks[marked], minlength=count)
    for channel, values in enumerate(pixels):
        sums[:, CHANNELS + channel] = np.bincount(ranks, weights=values, minlength=count)
    return sums
