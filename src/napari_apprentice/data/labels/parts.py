"""The parts of an object, grown from marks in them until they meet.

Three things say where that is, the first two from 0 to 1:

- how far the outline is, in the plane (as in `instances`, so that flat objects and those lying above each other have
  necks too), up to what it is at the marks: no part is deeper than its mark, so that marks in one round object meet
  half-way;
- how unlike the marks the image is: a dark or bright line between cells;
- how far the nearest mark is, in the image's unit: what decides where nothing else does.
"""

from __future__ import annotations

from typing import Any

import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.data.geometry.basins import flood
from napari_apprentice.data.labels.corrections import Mask

_DEPTH = 0.9  # of the depth at the marks, so that small bumps are no parts
_IMAGE = 0.5  # what the image counts
_NEAR = 0.05  # what the distance to the nearest mark counts
_USUAL, _UNLIKE = 2.0, 6.0  # standard deviations of the image at the marks that are usual, and that count fully
_SMOOTH = (0, 0.0, 0.7, 0.7)  # voxels (c, z, y, x)
_AROUND = 2  # voxels around a mark that tell what is usual


def grow_parts(
    inside: Mask, marks: NDArray[np.int32], pixels: NDArray[Any], spacing: tuple[float, float, float]
) -> NDArray[np.int32]:
    """The part (Z, Y, X), from 1, of each voxel of an object; 0 elsewhere.

    ``inside``: the object; ``marks``: numbers 1.. in it; ``pixels`` (C, Z, Y, X): the image there; ``spacing``: of z, y
    and x. A piece that lies apart, or touches by a corner, goes with the nearest part.
    """
    depth = np.stack([_depth(plane, spacing[1:]) for plane in inside])
    numbers = np.arange(1, int(marks.max()) + 1)
    level = _DEPTH * float(np.min(ndimage.maximum(depth, marks, numbers)))
    unlike = _unlike(inside, marks, pixels)
    nearest, away = _nearest(marks, numbers, spacing)
    grown = _with_even_ground(marks, nearest, (depth >= level) & (unlike == 0))
    furthest = float(away.max(where=inside, initial=0.0)) or 1.0
    height = np.minimum(depth / level, 1.0) - _IMAGE * unlike - _NEAR * away / furthest
    parts = np.asarray(flood(np.ascontiguousarray(height, np.float32), grown, inside), np.int32)
    apart = inside & (parts == 0)
    if apart.any():
        beside = ndimage.distance_transform_edt(
            parts == 0, sampling=spacing, return_distances=False, return_indices=True
        )
        parts = np.where(apart, parts[tuple(beside)], parts)
    return parts


def _nearest(
    marks: NDArray[np.int32], numbers: NDArray[np.int64], spacing: tuple[float, ...]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Which mark is the nearest, and how far it is."""
    nearest = np.ones(marks.shape, np.int32)
    away = np.full(marks.shape, np.inf, np.float32)
    for one in numbers:
        found = edt.edt(marks != one, anisotropy=spacing, parallel=1)
        nearest[found < away] = one
        np.minimum(away, found, out=away)
    return nearest, away


def _with_even_ground(marks: NDArray[np.int32], nearest: NDArray[np.int32], even: Mask) -> NDArray[np.int32]:
    """Marks with the even ground around each that is nearest to it: growth by voxels knows no spacing."""
    grown = marks.copy()
    for one in np.unique(marks[marks > 0]):
        pieces, count = ndimage.label(even & (nearest == one))
        reached = np.zeros(count + 1, bool)
        reached[pieces[marks == one]] = True
        reached[0] = False
        grown[reached[pieces] & (marks == 0)] = one
    return grown


def _depth(plane: Mask, spacing: tuple[float, ...]) -> NDArray[np.float32]:
    """How far the outline is (Y, X), in the unit of the spacing."""
    found = edt.edt(np.ascontiguousarray(plane), anisotropy=spacing, black_border=True, parallel=1)
    return np.asarray(found, np.float32)


def _unlike(inside: Mask, marks: NDArray[np.int32], pixels: NDArray[Any]) -> NDArray[np.float32]:
    """How unlike what is around the marks the image is, from 0 to 1, in the channel in which it is most."""
    disk = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), _AROUND)[None]
    around = ndimage.binary_dilation(marks > 0, disk) & inside
    values = ndimage.gaussian_filter(np.nan_to_num(np.asarray(pixels, np.float32)), _SMOOTH)
    most = np.zeros(inside.shape, np.float32)
    for channel in values:
        usual = channel[around]
        spread = float(usual.std()) or float(np.ptp(channel)) / _UNLIKE or 1.0
        far = np.abs(channel - usual.mean()) / spread
        np.maximum(most, np.clip((far - _USUAL) / (_UNLIKE - _USUAL), 0.0, 1.0), out=most)
    return most
