"""Other shapes of an object: without its holes, smoother, larger, smaller.

Distances are measured in space: ``steps`` are those between voxels along (z, y, x), in the unit of the distance, so
that an object of a volume with thick slices grows as far in z as in its plane::

    grown by 1 um where a pixel is 0.5 um and slices lie 2 um apart:    . . # # # . .      two pixels around it,
                                                                        . # # # # # .      and no slice above

Where the image ends an object goes on: it does not shrink there. Arrays are (T, Z, Y, X).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.reshaping import ObjectInFrame, reshaped
from napari_apprentice.errors import UserError

_SEEN = 3.0  # standard deviations to which a Gaussian is summed
_SLACK = 1e-6  # of a distance: three steps of 0.1 are 0.3


def fill_holes(labels: Labels, confirmed: Confirmed, one: ObjectInFrame) -> Delta:
    """What the object encloses on all sides is part of it, but for what of other objects is confirmed or kept.

    `UserError` when it encloses nothing.
    """
    filled = ndimage.binary_fill_holes(one.mask if len(one.mask) > 1 else one.mask[0]).reshape(one.mask.shape)
    if (filled == one.mask).all():
        raise UserError("This object has no hole that it encloses on all sides.")
    return reshaped(labels, confirmed, one, one.box, filled)


def smooth(labels: Labels, confirmed: Confirmed, one: ObjectInFrame, distance: float, steps: Sequence[float]) -> Delta:
    """Round off what is narrower than about twice the ``distance``; the object stays as large as it was.

    A Gaussian of this standard deviation, cut where it holds as many voxels as the object had.
    """
    sigma = [distance / step for step in steps]
    box, mask = one.within(labels.shape[1:], [math.ceil(_SEEN * one_sigma) for one_sigma in sigma])
    blurred = ndimage.gaussian_filter(mask.astype(np.float32), sigma, mode="nearest", truncate=_SEEN)
    count = int(mask.sum())
    level = np.partition(blurred, blurred.size - count, axis=None)[blurred.size - count]
    return _over_background(labels, confirmed, one, box, blurred >= max(float(level), np.finfo(np.float32).tiny))


def grow(labels: Labels, confirmed: Confirmed, one: ObjectInFrame, distance: float, steps: Sequence[float]) -> Delta:
    """Everything within the ``distance`` is part of the object where no other object is; `UserError` if nothing is."""
    box, mask = one.within(labels.shape[1:], [math.ceil(distance / step) for step in steps])
    edit = _over_background(labels, confirmed, one, box, mask | (_distance(~mask, steps) <= distance * (1 + _SLACK)))
    if not edit.changes_labels:
        raise UserError("The object does not grow: others are all around it, or the distance is less than a pixel.")
    return edit


def shrink(labels: Labels, confirmed: Confirmed, one: ObjectInFrame, distance: float, steps: Sequence[float]) -> Delta:
    """Only what is further inside than the ``distance`` is part of the object.

    `UserError` when nothing of it would be left, or all.
    """
    box, mask = one.within(labels.shape[1:], (1, 1, 1))
    left = mask & (_distance(mask, steps) > distance * (1 + _SLACK))
    if not left.any():
        raise UserError("Nothing of the object would be left: shrink it by less, or delete it.")
    if (left == mask).all():
        raise UserError("The object does not shrink: the distance is less than a pixel.")
    return reshaped(labels, confirmed, one, box, left)


def _over_background(
    labels: Labels, confirmed: Confirmed, one: ObjectInFrame, box: tuple[slice, ...], mask: Mask
) -> Delta:
    """The object is this mask but for what is of others, confirmed or not."""
    ids = labels[one.frame][box]
    return reshaped(labels, confirmed, one, (box[0], box[1], box[2]), mask & ((ids == 0) | (ids == one.value)))


def _distance(mask: Mask, steps: Sequence[float]) -> NDArray[np.float64]:
    """From each voxel of a mask to the next beside it; endless where there is none."""
    if mask.all():
        return np.full(mask.shape, np.inf)
    found: NDArray[np.float64] = ndimage.distance_transform_edt(mask, sampling=steps)
    return found
