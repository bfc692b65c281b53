"""Lines that a user draws to mend a mistake; (points, 2) as (y, x) in pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from apprentice_lab.bench.interact_mistakes import Mask

Line = NDArray[np.float64]

_OFF = 1.5  # pixels from an outline, where it is seen to be wrong
_OVERLAP = 4  # points of an outline that is right, at each end of a piece that is drawn again
_BETWEEN = 1.5  # pixels by which a place between two objects may be nearer to one of them
_CLEAR = 3  # pixels beyond an object, where a cut begins and ends
_LONGEST = 40  # pixels that a cut goes on from between two objects


def outline(mask: Mask) -> Line:
    """Around a mask, closed; of one in parts around the longest."""
    lines = find_contours(np.pad(mask, 1).astype(float), 0.5)
    return np.asarray(max(lines, key=len) - 1)


def wrong_stretch(truth: Mask, shown: Mask) -> Line:
    """The longest piece of the true outline along which the one that is shown is off, and a little more."""
    ring = outline(truth)[:-1]
    there = np.ones(shown.shape, bool)
    there[tuple(np.clip(np.rint(outline(shown)).astype(int), 0, np.array(shown.shape) - 1).T)] = False
    away = ndimage.distance_transform_edt(there)
    at = np.clip(np.rint(ring).astype(int), 0, np.array(shown.shape) - 1)
    is_off = away[tuple(at.T)] > _OFF
    if is_off.all() or not is_off.any():
        return np.concatenate([ring, ring[:1]])
    first = int(np.flatnonzero(~is_off)[0])
    ring, is_off = np.roll(ring, -first, axis=0), np.roll(is_off, -first)
    runs, count = ndimage.label(is_off)
    longest = 1 + int(np.argmax(ndimage.sum_labels(is_off, runs, range(1, count + 1))))
    points = np.flatnonzero(runs == longest)
    around = np.arange(points[0] - _OVERLAP, points[-1] + _OVERLAP + 1) % len(ring)
    return np.asarray(ring[around])


def cut_between(one: Mask, other: Mask, joined: Mask) -> Line:
    """Right across what two objects are joined to, between them."""
    to_one, to_other = (ndimage.distance_transform_edt(~mask) for mask in (one, other))
    zone = np.argwhere(joined & (np.abs(to_one - to_other) <= _BETWEEN) & (np.maximum(to_one, to_other) <= _LONGEST))
    near = np.maximum(to_one, to_other)[tuple(zone.T)]
    zone = zone[near <= near.min() + 2 * _BETWEEN]
    apart = np.argwhere(other).mean(axis=0) - np.argwhere(one).mean(axis=0)
    along = np.array([-apart[1], apart[0]])
    if len(zone) > 2:
        main = np.linalg.svd(zone - zone.mean(axis=0), full_matrices=False)[2][0]
        along = main if len(zone) > 4 * _BETWEEN else along
    along = along / np.hypot(*along)
    place = (zone - zone.mean(axis=0)) @ along
    first, last = zone[int(place.argmin())].astype(float), zone[int(place.argmax())].astype(float)
    middle = zone[int(np.abs(place).argmin())].astype(float)
    return np.array([_beyond(first, -along, joined), first, middle, last, _beyond(last, along, joined)])


def _beyond(at: Line, step: Line, joined: Mask) -> Line:
    """Where a way from a place leaves an object, and a little on."""
    for far in range(1, _LONGEST):
        y, x = np.rint(at + far * step).astype(int)
        if not (0 <= y < joined.shape[0] and 0 <= x < joined.shape[1]) or not joined[y, x]:
            return np.asarray(at + (far + _CLEAR) * step)
    return np.asarray(at + _CLEAR * step)
