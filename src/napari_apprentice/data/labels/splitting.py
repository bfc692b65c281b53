"""An object becomes several: along a line that was drawn across it, or between places in its parts.

::

    ....22222222....        ....22222222....
    ..2222222222222.   ->   ..2222233333333.     the larger part keeps the id
    ....22222|22222.        ....22222333333.
             line

Makers of a `Delta` as in `edits`; every voxel of the object stays in one of the parts, and all of them are confirmed.
Arrays are (T, Z, Y, X).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from napari_apprentice.data.geometry.lines import voxels_along
from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask
from napari_apprentice.data.labels.deltas import Delta, Indices, voxels_in
from napari_apprentice.data.labels.parts import grow_parts
from napari_apprentice.errors import UserError

Look = Callable[[int, tuple[slice, ...]], NDArray[Any]]  # a frame and a box of it -> (C, Z, Y, X)
Spacing = tuple[float, float, float]  # z, y, x

_CRUMB = 0.01  # of a section: what a line cuts off by a wobble is no part


def split_at_places(
    labels: Labels,
    confirmed: Confirmed,
    places: ArrayLike,
    look: Look,
    spacing: Spacing,
    *,
    free: int,
    one_slice: bool = False,
) -> Delta:
    """The object in which ``places`` (count, 4) as (t, z, y, x) lie becomes as many parts.

    ``look`` gives the image, ``free`` is the first id that parts may have. With ``one_slice`` only the slice of the
    places is split. `UserError` when they are not two or more in one object.
    """
    at = np.unique(np.rint(np.atleast_2d(np.asarray(places, float))).astype(np.int64), axis=0)
    if len(at) < 2:
        raise UserError("One place splits nothing: click in each of the parts, then press Enter.")
    if not ((at >= 0) & (at < np.asarray(labels.shape))).all():
        raise UserError("A place lies outside the image: click in the parts of one object.")
    t, z = int(at[0, 0]), int(at[0, 1])
    ids = labels[tuple(at.T)]
    if (at[:, 0] != t).any() or ids[0] == 0 or (ids != ids[0]).any():
        raise UserError("The places do not lie in one object: click in the parts of the object that is to be split.")
    if one_slice and (at[:, 1] != z).any():
        raise UserError("The places lie in several slices: switch off This slice only, or click in one of them.")
    part = _Part(labels, t, int(ids[0]), z if one_slice else None)
    marks = np.zeros(part.inside.shape, np.int32)
    marks[tuple((at[:, 1:] - part.corner).T)] = np.arange(1, len(at) + 1)
    return _split(labels, confirmed, part, marks, look, spacing, free)


def split_along_line(
    labels: Labels,
    confirmed: Confirmed,
    line: ArrayLike,
    look: Look,
    spacing: Spacing,
    *,
    free: int,
    one_slice: bool = False,
) -> Delta:
    """The object that ``line``, through points (count, 4) as (t, z, y, x) of a slice, divides there becomes its parts.

    Of several that it divides it is the one in which it is longest. In other slices the cut goes on from there, unless
    ``one_slice``. `UserError` when it divides none.
    """
    under = voxels_along(line, labels.shape)
    t, z = (int(i) for i in under[0, :2]) if len(under) else (0, 0)
    drawn = np.zeros(labels.shape[2:], bool)
    drawn[tuple(under[:, 2:].T)] = True
    ids, lengths = np.unique(labels[t, z][drawn], return_counts=True)
    longest = ids[np.argsort(-lengths, kind="stable")]
    for one in longest[longest > 0]:
        part = _Part(labels, t, int(one), z if one_slice else None)
        place = z - part.corner[0]
        sides = _sides(part.inside[place], drawn[part.box[1:]])
        if sides.any():
            marks = np.zeros(part.inside.shape, np.int32)
            marks[place] = sides
            return _split(labels, confirmed, part, marks, look, spacing, free)
    if not longest.any():
        raise UserError("There is no object under the line: draw it across the object that is to be split.")
    raise UserError("The line does not divide the object: draw it right across, from outside to outside.")


class _Part:
    """What is split: an object in its frame, or its section in a slice, in the ``box`` (z, y, x) that holds it."""

    def __init__(self, labels: Labels, t: int, number: int, z: int | None) -> None:
        self.t, self.number = t, number
        where = np.unravel_index(edits.voxels_of(labels, t, z, [number]), labels.shape)[1:]
        self.box = tuple(slice(int(i.min()), int(i.max()) + 1) for i in where)
        self.inside: Mask = labels[t][self.box] == np.uint32(number)
        self.corner = np.array([edge.start for edge in self.box])

    def where(self, mask: Mask, shape: tuple[int, ...]) -> Indices:
        """Flat indices into labels of a mask over the box."""
        return voxels_in(shape, (self.t, *self.corner), mask[None])


def _sides(section: Mask, drawn: Mask) -> NDArray[np.int32]:
    """What a line makes of a section (Y, X): numbers 1.. of the sides, 0 elsewhere; all 0 when it divides nothing."""
    before, _ = ndimage.label(section)  # joined by faces, so that a line that touches by corners divides
    after, count = ndimage.label(section & ~drawn)
    size = np.bincount(after.ravel(), minlength=count + 1)
    piece = np.zeros(count + 1, np.int64)  # of the section before, that each lies in
    piece[after.ravel()] = before.ravel()
    whole = np.bincount(before.ravel())
    kept = size > _CRUMB * whole[piece]
    kept[0] = False
    together = np.bincount(piece[kept], minlength=len(whole))
    kept &= together[piece] > 1
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    sides: NDArray[np.int32] = numbers[after]
    return sides


def _split(
    labels: Labels,
    confirmed: Confirmed,
    part: _Part,
    marks: NDArray[np.int32],
    look: Look,
    spacing: Spacing,
    free: int,
) -> Delta:
    """Marks grow until they meet; the largest part keeps the id, and the others get free ones."""
    parts = grow_parts(part.inside, marks, look(part.t, part.box), spacing)
    sizes = np.bincount(parts[part.inside])
    names = dict.fromkeys(range(1, len(sizes)), part.number)
    others = [one for one in names if one != int(np.argmax(sizes[1:])) + 1]
    names.update(zip(others, _free_ids(labels, free, len(others)), strict=True))
    pieces = [
        edits.paint(labels, confirmed, part.where(parts == one, labels.shape), name) for one, name in names.items()
    ]
    return functools.reduce(Delta.beside, pieces)


def _free_ids(labels: Labels, first: int, count: int) -> Sequence[int]:
    """Ids from ``first`` on that no object has."""
    taken = np.unique(labels[labels >= np.uint32(first)]) if int(labels.max()) >= first else ()
    span = np.arange(first, first + count + len(taken))
    return [int(one) for one in np.setdiff1d(span, taken, assume_unique=True)[:count]]
