"""Edits of whole objects: merged, deleted, a piece made an object of its own, many approved, deleted or left out.

Makers of a `Delta` as in `edits`. Arrays are (T, Z, Y, X); an object is what has an id in its frame, in all slices.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.corrections import UNKNOWN, Confirmed, Labels
from napari_apprentice.data.labels.deltas import Delta, Indices, read_flat, voxels_in
from napari_apprentice.data.labels.reshaping import ObjectInFrame
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Kind


def merge_objects(labels: Labels, confirmed: Confirmed, points: ArrayLike, *, one_slice: bool = False) -> Delta:
    """The objects at ``points`` (count, 4) as (t, z, y, x) become the first one of them; all of it is confirmed.

    Points beside all objects, outside the image and in other frames than the first say nothing. With ``one_slice`` only
    what lies in the slice of the first point is merged. `UserError` when there are not two objects.
    """
    at = np.rint(np.atleast_2d(np.asarray(points, float))).astype(np.int64)
    at = at[((at >= 0) & (at < np.asarray(labels.shape))).all(axis=1)]
    at = at[(at[:, 0] == at[:1, 0]) & ((at[:, 1] == at[:1, 1]) | (not one_slice))]
    met = labels[tuple(at.T)]
    ids = list(dict.fromkeys(met[met > 0].tolist()))
    if len(ids) < 2:
        raise UserError("There are no two objects to merge here: drag from one object through those that belong to it.")
    t, z = int(at[0, 0]), int(at[0, 1])
    return edits.paint(labels, confirmed, edits.voxels_of(labels, t, z if one_slice else None, ids), ids[0])


def separate_piece(
    labels: Labels, confirmed: Confirmed, point: Sequence[float], *, free: int, one_slice: bool = False
) -> Delta:
    """The piece at ``point`` (t, z, y, x) that lies apart from the rest of its object becomes object ``free``.

    Both are confirmed, in all slices or only in the one of the point; corners join. `UserError` when there is no
    object, or it is in one piece.
    """
    t, z, *_ = at = [round(i) for i in point]
    one = ObjectInFrame.at(labels, at)
    one = one.section(z) if one_slice else one
    pieces, _ = ndimage.label(one.mask, np.ones((3, 3, 3)))
    place = tuple(i - edge.start for i, edge in zip(at[1:], one.box, strict=True))
    piece = pieces == pieces[place]
    rest = one.mask & ~piece
    if not rest.any():
        raise UserError("This object is in one piece here: draw a line across it with Split.")
    corner = (t, *(edge.start for edge in one.box))
    own, others = (voxels_in(labels.shape, corner, mask[None]) for mask in (piece, rest))
    return edits.paint(labels, confirmed, own, free).beside(edits.paint(labels, confirmed, others, one.value))


def delete_object(labels: Labels, confirmed: Confirmed, point: Sequence[int], kind: Kind) -> Delta:
    """What `edits.object_voxels` finds at ``point`` (t, z, y, x) becomes confirmed background, confirmed or not."""
    return edits.erase(labels, confirmed, edits.object_voxels(labels, point, kind, "delete"))


def approve_objects(labels: Labels, confirmed: Confirmed, objects: NDArray[np.int64]) -> Delta:
    """``objects`` (n, 2), as frame and id, are right as they are."""
    return edits.approve_voxels(labels, confirmed, voxels_of_objects(labels, objects))


def delete_objects(labels: Labels, confirmed: Confirmed, objects: NDArray[np.int64]) -> Delta:
    """``objects`` (n, 2), as frame and id, become confirmed background, confirmed or not."""
    return edits.erase(labels, confirmed, voxels_of_objects(labels, objects))


def remove_objects(labels: Labels, confirmed: Confirmed, objects: NDArray[np.int64]) -> Delta:
    """``objects`` (n, 2), as frame and id, are labelled no more; of what is there instead nothing is said."""
    where = voxels_of_objects(labels, objects)
    old, sure = read_flat(labels, where), read_flat(confirmed, where)
    t, z, y, x = labels.shape
    return Delta((t, z, y, x), where, old, np.zeros_like(old), sure, np.full_like(sure, UNKNOWN))


def voxels_of_objects(labels: Labels, objects: NDArray[np.int64]) -> Indices:
    """Flat indices, ascending, of the voxels of ``objects`` (n, 2), as frame and id."""
    frames = np.unique(objects[:, 0])
    found = [edits.voxels_of(labels, int(t), None, objects[objects[:, 0] == t, 1].tolist()) for t in frames]
    where: Indices = np.concatenate([np.zeros(0, np.int64), *found])
    return where
