"""A piece of an object's outline is drawn again: the stroke takes the place of the piece that it runs along.

::

    ..#######..        stroke from outline to outline        ..#######..
    ..########.   +    . . . . . . |                    ->   ..#####....
    ..#######..                    (what is cut off)         ..#######..

Arrays are (T, Z, Y, X); one slice changes, and is confirmed there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from skimage.draw import polygon2mask
from skimage.measure import find_contours

from napari_apprentice.data.geometry.lines import voxels_along
from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.reshaping import Box, ObjectInFrame, reshaped
from napari_apprentice.errors import UserError

_Line = NDArray[np.float64]  # points (count, 2) as (y, x)

_REACH = 0.5  # of an object's width: a stroke that ends further from its outline is not of it
_LEAST = 6.0  # pixels: the same, of small objects
_HOW = "draw along the outline of an object, from outline to outline: the line takes the place of the piece between"


def redraw_outline(labels: Labels, confirmed: Confirmed, line: ArrayLike) -> Delta:
    """The object whose outline a ``line``, through points (count, 4) as (t, z, y, x) of a slice, begins and ends on.

    Of what the line and either piece of the outline between its ends enclose, the object becomes what is more like it;
    a closed line is a new outline. Holes, and parts that lie apart, stay; confirmed and kept voxels of other objects
    do, too. `UserError` when the line begins or ends far from the outlines of all objects, or changes nothing.
    """
    points = np.atleast_2d(np.asarray(line, float))
    under = voxels_along(points, labels.shape)
    if len(under) < 2:
        raise UserError(f"There is nothing to redraw here: {_HOW}.")
    t, z = int(under[0, 0]), int(under[0, 1])
    drawn = points[:, 2:]
    for number in _nearest(labels[t, z], under[:, 2:]):
        box, mask = _section(labels, t, z, number, drawn)
        corner = np.array([edge.start for edge in box[1:]])
        redrawn = _redrawn(mask, drawn - corner)
        if redrawn is not None:
            one = ObjectInFrame(t, number, box, mask[None], in_slice=True)
            edit = reshaped(labels, confirmed, one, box, redrawn[None])
            if not edit.changes_labels:
                raise UserError(f"The outline stays as it is: {_HOW}.")
            return edit
    raise UserError(f"No outline is near both ends of the line: {_HOW}.")


def _nearest(section: NDArray[np.uint32], under: NDArray[np.int64]) -> list[int]:
    """Ids that a line may be of: in which both ends lie; that it lies on, the longest first; that are near an end."""
    first, last = (int(section[y, x]) for y, x in under[[0, -1]])
    ids, lengths = np.unique(section[tuple(under.T)], return_counts=True)
    met = [first] if first and first == last else []
    met += [int(one) for one in ids[np.argsort(-lengths, kind="stable")] if one]
    reach = round(_LEAST)
    for y, x in (under[0], under[-1]):
        near = section[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]
        met += [int(one) for one in np.unique(near) if one]
    return list(dict.fromkeys(met))


def _section(labels: Labels, t: int, z: int, number: int, drawn: _Line) -> tuple[Box, Mask]:
    """What of an object lies in a slice, in a box that holds the line, too."""
    inside = labels[t, z] == np.uint32(number)
    there = [np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0)]
    low = [min(int(i[0]), int(np.floor(v))) for i, v in zip(there, drawn.min(axis=0), strict=True)]
    high = [max(int(i[-1]), int(np.ceil(v))) + 1 for i, v in zip(there, drawn.max(axis=0), strict=True)]
    y, x = (slice(max(0, a), min(n, b)) for a, b, n in zip(low, high, inside.shape, strict=True))
    return (slice(z, z + 1), y, x), inside[y, x]


def _redrawn(mask: Mask, drawn: _Line) -> Mask | None:
    """The section (Y, X) with another piece of outline; None when the line does not begin and end near one."""
    parts, _ = ndimage.label(mask, np.ones((3, 3)))
    rings = [(i, _outline(parts == i)) for i in range(1, int(parts.max()) + 1)]
    away = [[_distances(ring, end) for end in drawn[[0, -1]]] for _, ring in rings]
    nearest = min(range(len(rings)), key=lambda i: sum(float(one.min()) for one in away[i]))
    number, ring = rings[nearest]
    part = ndimage.binary_fill_holes(parts == number)
    first, last = (int(np.argmin(one)) for one in away[nearest])
    if max(float(one.min()) for one in away[nearest]) > max(_LEAST, _REACH * float(np.sqrt(part.sum()))):
        return None
    candidates = [polygon2mask(mask.shape, one) for one in _closed(drawn, ring, first, last)]
    best = max(candidates, key=lambda one: _iou(one, part))
    holes = part & ~mask
    return np.asarray((best & ~holes) | (mask & (parts != number)))


def _outline(part: Mask) -> _Line:
    """A ring of points around a part, half a pixel outside of it."""
    around = find_contours(np.pad(ndimage.binary_fill_holes(part), 1).astype(float), 0.5)
    return np.asarray(max(around, key=len)[:-1] - 1)  # the last is the first


def _closed(drawn: _Line, ring: _Line, first: int, last: int) -> list[_Line]:
    """The line closed by the one and by the other piece of a ring between the points nearest to its ends."""
    n = len(ring)
    onward = np.arange(last, last + (first - last) % n + 1) % n
    back = np.arange(last, last - (last - first) % n - 1, -1) % n
    return [np.concatenate([drawn, ring[way]]) for way in (onward, back)]


def _distances(ring: _Line, to: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*(ring - to).T))


def _iou(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))
