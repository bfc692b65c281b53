"""The classes that a user gave to objects, as places in the image that follow the objects, and edits of these.

An object is remembered by a few of its voxels. So a class stays with it when it gets another id, is merged (of several
classes the one that was given last counts), is segmented anew, or is cut (it stays with the larger part), it is gone
with an object that is deleted, and is there again when that is undone.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import Labels, rank_ids
from napari_apprentice.data.objects.table import Objects

_POINTS = 5  # voxels of an object
_LEAST = 2  # of them that an object must have
_MAGIC = b"APM1"
_HIGHEST = 255  # value of a class


@dataclass(frozen=True)
class Mark:
    """An object is of class ``value``: the one at ``points``, voxels (t, z, y, x) of the whole image."""

    value: int
    points: tuple[tuple[int, int, int, int], ...]


Marks = Mapping[int, Mark]  # by numbers that ascend in the order in which they were given


@dataclass(frozen=True, eq=False)
class MarkEdit:
    """Marks that go, and those that come, by their numbers: what is undone by the edit the other way round."""

    before: Marks = field(default_factory=dict)
    after: Marks = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.before) + len(self.after)

    @property
    def nbytes(self) -> int:
        """Memory that they take, about."""
        return 400 * len(self)

    def apply(self, marks: MutableMapping[int, Mark]) -> None:
        """Change them, in place; doing it twice does no harm."""
        for number in self.before:
            marks.pop(number, None)
        marks.update(self.after)

    def inverse(self) -> MarkEdit:
        """The edit that takes this one back."""
        return MarkEdit(self.after, self.before)

    def to_bytes(self) -> bytes:
        """A record for a journal."""
        return _MAGIC + zlib.compress(json.dumps([told(self.before), told(self.after)]).encode())

    @staticmethod
    def is_one(record: bytes) -> bool:
        """Whether a record of a journal is of marks, and not of voxels."""
        return record.startswith(_MAGIC)

    @classmethod
    def from_bytes(cls, record: bytes) -> Self:
        """What `to_bytes` wrote; `ValueError` for anything else."""
        try:
            before, after = json.loads(zlib.decompress(record[len(_MAGIC) :]))
        except (zlib.error, TypeError) as error:
            raise ValueError("damaged record of classes") from error
        return cls(marks_of(before), marks_of(after))


def told(marks: Marks) -> list[list[Any]]:
    """As plain numbers, to be kept."""
    return [[number, one.value, [list(point) for point in one.points]] for number, one in sorted(marks.items())]


def marks_of(plain: Any) -> dict[int, Mark]:
    """What `told` gave; `ValueError` for anything else."""
    found = {}
    try:
        for number, value, points in plain:
            places = tuple((int(t), int(z), int(y), int(x)) for t, z, y, x in points)
            if not 1 <= int(value) <= _HIGHEST or int(number) < 1 or not places or min(map(min, places)) < 0:
                raise ValueError("a class that there cannot be")
            found[int(number)] = Mark(int(value), places)
    except TypeError as error:
        raise ValueError("damaged record of classes") from error
    return found


def given(marks: Marks, labels: Labels, corner: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Of which object each mark is, (frame, id) by the mark's number; those of no object in ``labels`` are left out.

    ``labels`` (T, Z, Y, X) begin at voxel ``corner`` of the image.
    """
    if not marks:
        return {}
    numbers = np.repeat(list(marks), [len(one.points) for one in marks.values()])
    at = np.array([point for one in marks.values() for point in one.points]) - np.asarray(corner)
    inside = ((at >= 0) & (at < labels.shape)).all(axis=1)
    numbers, at = numbers[inside], at[inside]
    ids = labels[tuple(at.T)].astype(np.int64)
    rows = np.stack([numbers, at[:, 0], ids], axis=1)[ids > 0]
    votes, count = np.unique(rows, axis=0, return_counts=True)
    found: dict[int, tuple[int, int]] = {}
    for place in np.lexsort((count, votes[:, 0])):  # the object with the most comes last
        number, frame, one = votes[place].tolist()
        if count[place] >= min(_LEAST, len(marks[number].points)):
            found[number] = (frame, one)
    return found


def give(marks: Marks, labels: Labels, corner: Sequence[int], objects: Objects, value: int) -> MarkEdit:
    """``objects`` (n, 2), frames and ids, are of class ``value``; 0: nobody said of which."""
    wanted = {(int(frame), int(one)) for frame, one in objects}
    before = {number: marks[number] for number, one in given(marks, labels, corner).items() if one in wanted}
    if value == 0:
        return MarkEdit(before)
    first = 1 + max(marks, default=0)
    places = points_in(labels, objects)
    moved = (tuple(tuple(int(i) for i in point + np.asarray(corner)) for point in one) for one in places)
    after = {first + i: Mark(value, points) for i, points in enumerate(moved) if points}  # type: ignore[arg-type]
    return MarkEdit(before, after)


def points_in(labels: Labels, objects: Objects) -> list[NDArray[np.int64]]:
    """A few voxels (k, 4) of each of ``objects`` (n, 2), frames and ids, that are there, inside it where possible."""
    found: list[NDArray[np.int64]] = []
    for frame in np.unique(objects[:, 0]) if len(objects) else ():
        ids = np.unique(objects[objects[:, 0] == frame, 1])
        found += _points_of(labels[frame], ids, int(frame))
    return found


def _points_of(labels: Labels, ids: NDArray[np.int64], frame: int) -> Iterable[NDArray[np.int64]]:
    """Of objects of a frame (Z, Y, X)."""
    names, ranks = rank_ids(labels)
    wanted = np.isin(names, ids) & (names > 0)
    place = np.nonzero(wanted[ranks])
    own = labels[place].astype(np.int64)
    is_inside = np.ones(len(own), bool)
    for axis in (1, 2):
        for step in (-1, 1):
            beside = [*place]
            beside[axis] = np.clip(place[axis] + step, 0, labels.shape[axis] - 1)
            is_inside &= labels[tuple(beside)] == own
    order = np.lexsort((~is_inside, own))  # by object, what is inside first
    _, starts, count = np.unique(own[order], return_index=True, return_counts=True)
    inside = np.add.reduceat(is_inside[order].astype(np.int64), starts) if len(starts) else count
    at = np.stack([np.full(len(own), frame), *place], axis=1)[order]
    for start, whole, within in zip(starts, count, inside, strict=True):
        among = within if within >= _POINTS else whole
        some = (np.arange(1, 2 * _POINTS, 2) * among) // (2 * _POINTS)
        yield at[start + np.unique(some)].astype(np.int64)
