"""Edits as data: what a stroke, an approval or a new proposal changes, and how to take it back exactly.

Makers look at the arrays and return a `Delta`; nothing changes until `Delta.apply`. A delta holds only the voxels
that change, so a brush stroke costs the same on a small and on a very large image. Arrays are (T, Z, Y, X).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import ndimage

from napari_apprentice.data.labels.corrections import (
    AS_LABELLED,
    BACKGROUND,
    KEPT,
    UNKNOWN,
    Confirmed,
    Labels,
    Mask,
    free_id,
    is_any,
    rank_ids,
)
from napari_apprentice.data.labels.deltas import Delta as Delta
from napari_apprentice.data.labels.deltas import Indices, read_flat, voxels_in
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Kind

Box = Sequence[tuple[int, int]]


def paint(
    labels: Labels, confirmed: Confirmed, indices: ArrayLike, value: int, before: ArrayLike | None = None
) -> Delta:
    """Voxels become object (or class) ``value`` and are confirmed, also where they had it already.

    ``indices`` are flat. ``before`` are the labels as they were, when the array has been painted already; of a
    voxel given twice the first value counts. ``value`` 0 is `erase`.
    """
    if value == 0:
        return erase(labels, confirmed, indices, before)
    where, old = _touched(labels, indices, before)
    return _delta(labels.shape, where, old, value, read_flat(confirmed, where), AS_LABELLED)


def erase(labels: Labels, confirmed: Confirmed, indices: ArrayLike, before: ArrayLike | None = None) -> Delta:
    """Voxels of an object become confirmed background; where there was no object nothing is said."""
    where, old = _touched(labels, indices, before)
    where, old = where[old > 0], old[old > 0]
    return _delta(labels.shape, where, old, 0, read_flat(confirmed, where), BACKGROUND)


def paint_background(
    labels: Labels, confirmed: Confirmed, indices: ArrayLike, before: ArrayLike | None = None
) -> Delta:
    """The background brush: every voxel becomes confirmed background, whatever it was."""
    where, old = _touched(labels, indices, before)
    return _delta(labels.shape, where, old, 0, read_flat(confirmed, where), BACKGROUND)


def approve_object(labels: Labels, confirmed: Confirmed, point: Sequence[int], kind: Kind) -> Delta:
    """What `object_voxels` finds at ``point`` (t, z, y, x) is right as it is; an area of value 0 is background."""
    return approve_voxels(labels, confirmed, object_voxels(labels, point, kind, "approve"))


def object_voxels(labels: Labels, point: Sequence[int], kind: Kind, to_do: str) -> Indices:
    """Flat indices of the object at ``point`` (t, z, y, x), all of it in its frame, ascending.

    For ``"classes"`` it is the connected region (edges and corners join) of that value in its slice, also of value 0.
    `UserError` when there is no object at the point ``to_do`` that with, such as "approve".
    """
    t, z, y, x = (round(i) for i in point)
    inside = all(0 <= i < n for i, n in zip((t, z, y, x), labels.shape, strict=True))
    value = int(labels[t, z, y, x]) if inside else 0
    if not inside or (value == 0 and kind == "instances"):
        raise UserError(f"There is no object here to {to_do}: point at an object.")
    if kind == "instances":
        return voxels_of(labels, t, None, [value])
    regions, _ = ndimage.label(labels[t, z] == value, np.ones((3, 3)))
    where: Indices = np.flatnonzero(regions == regions[y, x]) + (t * labels.shape[1] + z) * labels[t, z].size
    return where


def voxels_of(labels: Labels, t: int, z: int | None, ids: Sequence[int]) -> Indices:
    """Flat indices, ascending, of the voxels of objects in frame ``t``, or in slice ``z`` of it."""
    planes = range(labels.shape[1]) if z is None else [z]
    size = labels[t, 0].size
    found = []
    for plane in planes:  # each stays in the processor's cache
        found.append(np.flatnonzero(is_any(labels[t, plane], ids)) + (t * labels.shape[1] + plane) * size)
    where: Indices = np.concatenate(found)
    return where


def approve_region(labels: Labels, confirmed: Confirmed, slices: Sequence[slice]) -> Delta:
    """Everything in the box is right: objects as labelled, and background where there is none.

    ``slices`` are for t, z, y, x.
    """
    box = tuple(slices)
    old, sure = labels[box], confirmed[box]
    now = np.where(old > 0, AS_LABELLED, BACKGROUND).astype(np.uint8)
    changed = now != sure
    places = [
        np.arange(n)[s] * math.prod(labels.shape[i + 1 :])
        for i, (s, n) in enumerate(zip(box, labels.shape, strict=True))
    ]
    where: Indices = functools.reduce(np.add, np.ix_(*places))[changed]
    values = old[changed]
    return Delta(_four(labels.shape), where, values, values, sure[changed], now[changed])


def new_object(
    labels: Labels, confirmed: Confirmed, mask: Mask, box: Box, value: int | None = None, *, free: int | None = None
) -> Delta:
    """A new object from ``mask``, a boolean array over ``box`` ((start, stop) for t, z, y, x).

    Confirmed voxels are left out, and kept ones of other objects. ``value`` is its id or class; None takes the next
    free id (``free``, or that of these labels) and clears away what remains of an object nobody confirmed, when the new
    one covers more than half of it.
    """
    corner = [start for start, _ in box]
    inside = np.stack(np.nonzero(mask)) + np.asarray(corner)[:, None]
    kept = ((inside >= 0) & (inside < np.asarray(labels.shape)[:, None])).all(axis=0)
    where = np.sort(np.ravel_multi_index(tuple(inside[:, kept]), labels.shape)).astype(np.int64)
    number = (free or free_id(labels)) if value is None else value
    sure = read_flat(confirmed, where)
    where = where[(sure == UNKNOWN) | ((sure == KEPT) & (read_flat(labels, where) == number))]
    added = paint(labels, confirmed, where, number)
    if value is not None or len(where) == 0:
        return added
    left = _leftovers(labels, confirmed, where, box)
    old = read_flat(labels, left)
    unknown = np.full(len(left), UNKNOWN, np.uint8)
    return added.then(Delta(added.shape, left, old, np.zeros_like(old), unknown, unknown))


def replace_labels(labels: Labels, confirmed: Confirmed, new_labels: Labels) -> Delta:
    """All labels at once (a new proposal); what is confirmed stays as it is. Compares the arrays once."""
    if new_labels.shape != labels.shape:
        raise ValueError(f"the new labels have shape {new_labels.shape}, not {labels.shape}")
    where = np.flatnonzero(labels != new_labels)
    sure = read_flat(confirmed, where)
    return Delta(_four(labels.shape), where, read_flat(labels, where), read_flat(new_labels, where), sure, sure)


def annotate(labels: Labels, confirmed: Confirmed, new_labels: Labels, *, confirm: bool, partial: bool) -> Delta:
    """As `replace_labels`; with ``confirm`` objects are right, and unless they are ``partial`` so is background.

    Nothing that is confirmed becomes another label by it: ``new_labels`` are the same there.
    """
    change = replace_labels(labels, confirmed, new_labels)
    if not confirm:
        return change
    now = np.where(new_labels > 0, AS_LABELLED, UNKNOWN if partial else BACKGROUND).astype(np.uint8)
    now = np.where(now == UNKNOWN, confirmed, now)
    where = np.flatnonzero((labels != new_labels) | (confirmed != now))
    sure, values = read_flat(confirmed, where), read_flat(labels, where)
    return Delta(_four(labels.shape), where, values, read_flat(new_labels, where), sure, read_flat(now, where))


def replace_part(labels: Labels, confirmed: Confirmed, part: Sequence[slice], new_labels: Labels) -> Delta:
    """The labels of a box at once; ``part`` are its slices for t, z, y, x. What is confirmed stays as it is."""
    differs = labels[tuple(part)] != new_labels
    where = voxels_in(labels.shape, [one.start for one in part], differs)
    sure = read_flat(confirmed, where)
    return Delta(_four(labels.shape), where, read_flat(labels, where), new_labels[differs], sure, sure)


def approve_voxels(labels: Labels, confirmed: Confirmed, where: Indices) -> Delta:
    """The voxels (flat, ascending) are right as they are; where there is no label they are background."""
    old, sure = read_flat(labels, where), read_flat(confirmed, where)
    now = np.where(old > 0, AS_LABELLED, BACKGROUND).astype(np.uint8)
    changed = now != sure
    values = old[changed]
    return Delta(_four(labels.shape), where[changed], values, values, sure[changed], now[changed])


def _leftovers(labels: Labels, confirmed: Confirmed, where: Indices, box: Box) -> Indices:
    """Unknown voxels of objects more than half covered by ``where``, searched within one box size around it."""
    wide = tuple(
        slice(max(0, a - pad), min(n, b + pad))
        for (a, b), n, pad in zip(box, labels.shape, [0, *(b - a for a, b in box[1:])], strict=True)
    )
    crop, sure = labels[wide], confirmed[wide]
    names, ranks = rank_ids(crop)
    size = np.bincount(ranks.ravel(), minlength=len(names))
    ids, covered = np.unique(read_flat(labels, where), return_counts=True)
    place = np.searchsorted(names, ids)
    stale = np.zeros(len(names), bool)
    stale[place] = 2 * covered > size[place]
    stale[np.unique(ranks[sure != UNKNOWN])] = False
    stale[0] = False
    found = np.nonzero(stale[ranks])
    flat = np.ravel_multi_index([i + s.start for i, s in zip(found, wide, strict=True)], labels.shape)
    return np.setdiff1d(flat, where, assume_unique=True)


def _touched(labels: Labels, indices: ArrayLike, before: ArrayLike | None) -> tuple[Indices, Labels]:
    given = np.asarray(indices, np.int64).ravel()
    where, first = np.unique(given, return_index=True)
    if len(where) and not 0 <= where[0] <= where[-1] < labels.size:
        raise ValueError(f"voxels {where[0]}..{where[-1]} are not all inside an array of {labels.size}")
    if before is None:
        return where, read_flat(labels, where)
    return where, np.broadcast_to(np.asarray(before, np.uint32).ravel(), given.shape)[first]


def _delta(shape: tuple[int, ...], where: Indices, old: Labels, value: int, sure: Confirmed, now: int) -> Delta:
    """The edit that gives all voxels one value, without those that have it already."""
    changed = (old != value) | (sure != now)
    count = int(changed.sum())
    after, confirmed_after = np.full(count, value, np.uint32), np.full(count, now, np.uint8)
    return Delta(_four(shape), where[changed], old[changed], after, sure[changed], confirmed_after)


def _four(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    t, z, y, x = shape
    return int(t), int(z), int(y), int(x)
