"""An object of a volume that was annotated in some slices: what lies between them, and the same in the next slice.

Between two sections the signed distance to the outline goes evenly from the one to the other (shape-based
interpolation: Herman, Zheng and Bucholtz, IEEE Computer Graphics and Applications 12(3), 1992), and so does the middle
of the object, so that sections of a slanted object need not overlap::

    slice 3   . # # # . . . . .        signed distance from the section's middle:  1.5 - |x|
    slice 4   . . # # # # # . .                                                    2.5 - |x|
    slice 5   . . # # # # # # #                                                    3.5 - |x|

Slices are counted, whatever they are apart: the share of the way is the same in micrometres. Arrays are (T, Z, Y, X).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.reshaping import ObjectInFrame, annotated_slices, reshaped
from napari_apprentice.errors import UserError


def interpolate(labels: Labels, confirmed: Confirmed, point: Sequence[float]) -> Delta:
    """Fill in the object at ``point`` (t, z, y, x) between the slices in which something of it is confirmed.

    What was proposed of it there is replaced. Nothing that is confirmed or kept changes, but for what is kept of
    itself. `UserError` where there is no object, or no slice between two such.
    """
    one = ObjectInFrame.at(labels, point)
    known = annotated_slices(one, confirmed)
    pairs = [(a, b) for a, b in itertools.pairwise(known) if b > a + 1]
    if not pairs:
        raise UserError(
            "There is nothing to fill in: paint or approve this object in two slices with others between them."
        )
    box, mask = one.within(labels.shape[1:], (0, 1, 1))
    edits = [
        reshaped(labels, confirmed, one, (slice(z, z + 1), *box[1:]), between[None], over_background=False)
        for first, last in pairs
        for z, between in _between(mask, first - box[0].start, last - box[0].start, box[0].start)
    ]
    return functools.reduce(Delta.beside, edits)


def copy_section(labels: Labels, confirmed: Confirmed, point: Sequence[float], step: int) -> Delta:
    """What the object at ``point`` (t, z, y, x) is in its slice it is in the slice ``step`` further on, too.

    Confirmed and kept voxels of others are left out. `UserError` where there is no object, or no such slice.
    """
    one = ObjectInFrame.at(labels, point)
    z = round(point[1])
    if not 0 <= z + step < labels.shape[1]:
        raise UserError("There is no slice further on in this direction: move the other way first.")
    section = one.mask[z - one.box[0].start]
    return reshaped(labels, confirmed, one, (slice(z + step, z + step + 1), *one.box[1:]), section[None])


def _between(mask: Mask, first: int, last: int, begin: int) -> Iterator[tuple[int, Mask]]:
    """The slices between two sections of a mask (Z, Y, X), counted from ``begin``, and what the object is in each."""
    shape = mask.shape[1:]
    middles = [np.mean(np.nonzero(mask[z]), axis=1) for z in (first, last)]
    around = [np.rint(middle).astype(int) for middle in middles]
    reach = [max(n, 1) for n in shape]  # a section moved to the middle of this window never leaves it
    one, other = (_signed_distance(_moved(mask[z], at, reach)) for z, at in zip((first, last), around, strict=True))
    for z in range(first + 1, last):
        share = (z - first) / (last - first)
        at = np.rint(middles[0] * (1 - share) + middles[1] * share).astype(int)
        found = one * (1 - share) + other * share > 0
        corner = [r - i for r, i in zip(reach, at, strict=True)]
        yield begin + z, found[tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True))]


def _moved(section: Mask, middle: NDArray[np.int64], reach: Sequence[int]) -> Mask:
    """A section (Y, X) in a window of twice ``reach`` and one, with its ``middle`` in the window's."""
    window = np.zeros([2 * r + 1 for r in reach], bool)
    corner = [r - int(i) for r, i in zip(reach, middle, strict=True)]
    window[tuple(slice(c, c + n) for c, n in zip(corner, section.shape, strict=True))] = section
    return window


def _signed_distance(mask: Mask) -> NDArray[np.float64]:
    """Pixels to the outline, which runs half a pixel from the outermost ones; positive inside."""
    inside, outside = (ndimage.distance_transform_edt(part) for part in (mask, ~mask))
    distance: NDArray[np.float64] = np.where(mask, inside - 0.5, 0.5 - outside)
    return distance
