"""Where two labellings of one image differ, for somebody who has to choose between them: the largest places first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_apprentice.data.labels.corrections import Labels, Mask, is_best, rank_ids
from napari_apprentice.data.labels.scores import Overlap, overlap
from napari_apprentice.settings import Kind

DifferenceKind = Literal["gone", "new", "merged", "cut", "outline", "other", "class"]
MOST = 6
_SAME = 0.8  # IoU from which an object is the same
_TOUCHES = 0.1  # of the smaller of two objects, from which they have to do with each other
_SMALLEST_AREA = 16  # voxels of another class that are worth a look


@dataclass(frozen=True)
class Difference:
    """A place (t, z, y, x) where so many ``voxels`` belong to something else; ``edge`` is how wide it is, in voxels."""

    kind: DifferenceKind
    point: tuple[int, int, int, int]
    voxels: int
    edge: int


@dataclass(frozen=True, eq=False)
class Differences:
    """Of two labellings (T, Z, Y, X): how many objects (of classes: areas) are others, and the largest ``places``.

    ``before`` and ``after`` are the labels of the objects that changed, in each; of classes both are 1 where they
    differ.
    """

    count: int
    places: tuple[Difference, ...]
    before: Labels
    after: Labels


def differences(before: Labels, after: Labels, kind: Kind, most: int = MOST) -> Differences:
    """Compare two labellings (T, Z, Y, X) frame by frame; an object is the same from an IoU of .8 on."""
    largest: list[_Found] = []
    count = 0
    shown = (np.zeros_like(before), np.zeros_like(after))
    for t, (old, new) in enumerate(zip(before, after, strict=True)):
        found = _areas(old, new) if kind == "classes" else _objects(old, new, (shown[0][t], shown[1][t]))
        for one in found:
            count += 1
            largest.append(_Found(one.kind, one.voxels, one.place, t))
        largest = sorted(largest, key=lambda one: -one.voxels)[:most]
    if kind == "classes":
        shown = ((before != after).astype(np.uint32),) * 2
    return Differences(count, tuple(one.difference() for one in largest), *shown)


@dataclass(frozen=True, eq=False)
class _Found:
    """A difference; its place, (z, y, x) and how wide it is, is only worked out when it is among the largest."""

    kind: DifferenceKind
    voxels: int
    place: Callable[[], tuple[tuple[int, int, int], int]]
    frame: int = 0

    def difference(self) -> Difference:
        point, edge = self.place()
        return Difference(self.kind, (self.frame, *point), self.voxels, edge)


def _objects(old: Labels, new: Labels, shown: tuple[Labels, Labels]) -> Iterator[_Found]:
    """Groups of objects of a frame (Z, Y, X) that are others; they are written into ``shown``."""
    dense = [_dense(labels) for labels in (old, new)]
    table = overlap(*dense)
    same = table.iou >= _SAME
    changed = (_unmarked(table.truth[same], table.truth_size), _unmarked(table.predicted[same], table.predicted_size))
    for out, labels, ranks, is_other in zip(shown, (old, new), dense, changed, strict=True):
        np.copyto(out, labels, where=np.append(False, is_other)[ranks])
    boxes = [ndimage.find_objects(ranks) for ranks in dense]
    for rows, partners, voxels in _groups(table, changed):
        masks = [(dense[0], boxes[0], rows), (dense[1], boxes[1], partners)]
        yield _Found(_kind_of(len(rows), len(partners)), voxels, partial(_place, masks))


def _groups(table: Overlap, changed: tuple[Mask, Mask]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], int]]:
    """Objects before and after, as rows of the table, that have to do with each other, and how much of them differs."""
    smaller = np.minimum(table.truth_size[table.truth], table.predicted_size[table.predicted])
    tied = (table.shared >= _TOUCHES * smaller) & changed[0][table.truth] & changed[1][table.predicted]
    one, other, shared = table.truth[tied], table.predicted[tied], table.shared[tied]
    olds, news = len(table.truth_size), len(table.predicted_size)
    graph = coo_array((np.ones(len(one), bool), (one, other + olds)), shape=(olds + news,) * 2)
    count, group = connected_components(graph, directed=False)
    size = [
        np.bincount(part, size * rows, minlength=count)
        for part, size, rows in zip(
            (group[:olds], group[olds:]), (table.truth_size, table.predicted_size), changed, strict=True
        )
    ]
    kept = np.zeros(count)
    best = is_best(one, shared) & is_best(other, shared)
    np.add.at(kept, group[one[best]], shared[best])
    differs = np.maximum(*size) - kept
    order = np.argsort(group, kind="stable")
    order = order[np.concatenate(changed)[order]]
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    for members in np.split(order, starts[1:]) if len(order) else ():
        yield members[members < olds], members[members >= olds] - olds, int(differs[group[members[0]]])


def _kind_of(before: int, after: int) -> DifferenceKind:
    if after == 0:
        return "gone"
    if before == 0:
        return "new"
    if before == after:
        return "outline" if before == 1 else "other"
    return "merged" if before > after else "cut"


def _place(masks: Any) -> tuple[tuple[int, int, int], int]:
    """A voxel (z, y, x) of some objects near their middle, and how wide they are in the plane."""
    boxes = [boxes[row] for _, boxes, rows in masks for row in rows]
    box = tuple(slice(min(b[i].start for b in boxes), max(b[i].stop for b in boxes)) for i in range(3))
    inside = np.logical_or.reduce([np.isin(ranks[box], rows + 1) for ranks, _, rows in masks])
    voxels = np.argwhere(inside)
    nearest = voxels[int(np.argmin(((voxels - voxels.mean(axis=0)) ** 2).sum(axis=1)))]
    z, y, x = (int(i) + part.start for i, part in zip(nearest, box, strict=True))
    return (z, y, x), max(part.stop - part.start for part in box[1:])


def _areas(old: Labels, new: Labels) -> Iterator[_Found]:
    """Areas of a frame (Z, Y, X) that have another class."""
    pieces, count = ndimage.label(old != new)
    size = np.bincount(pieces.ravel(), minlength=count + 1)
    boxes = ndimage.find_objects(pieces)
    for row in np.flatnonzero(size[1:] >= _SMALLEST_AREA):
        yield _Found("class", int(size[row + 1]), partial(_place, [(pieces, boxes, np.array([row]))]))


def _dense(labels: Labels) -> NDArray[np.int32]:
    """Numbered without gaps, ascending as the ids."""
    names, ranks = rank_ids(labels)
    used = np.zeros(len(names), bool)
    used[ranks] = True
    used[0] = False
    table = np.where(used, np.cumsum(used), 0).astype(np.int32)
    dense: NDArray[np.int32] = table[ranks]
    return dense


def _unmarked(rows: NDArray[np.int64], size: NDArray[np.int64]) -> Mask:
    left = np.ones(len(size), bool)
    left[rows] = False
    return left
