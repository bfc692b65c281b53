"""A small picture of a doubtful place: the image, outlines of what is there, and the likely correction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.gui.contact_sheet.colours import ShownColours
from napari_apprentice.gui.contact_sheet.views import View, view_of
from napari_apprentice.gui.review_outlines import COLOURS, LOOKED_AT, SUGGESTED
from napari_apprentice.session.doubtful_places import DoubtfulPlace
from napari_apprentice.session.suggestion import Suggestion

_THICK = 2  # pixels of an outline
_OTHERS = 0.45  # how much white the outlines of neighbours have


def picture_of(
    place: DoubtfulPlace, suggestion: Suggestion | None, colours: ShownColours, width: int, height: int
) -> NDArray[np.uint8]:
    """RGB (height, width, 3): a place in yellow, its neighbours in white, and in blue what is suggested for it."""
    view = view_of(place, suggestion, width, height)
    picture = colours.picture(view)
    labels = _labels(place, view)
    mask = _ellipse(place, view) if place.id is None else labels == place.id
    others = _edges(labels, 1) & ~mask
    picture[others] = (picture[others] * (1 - _OTHERS) + 255 * _OTHERS).astype(np.uint8)
    picture[_grown(mask, _THICK) & ~mask] = _rgb(COLOURS[LOOKED_AT])
    if suggestion is not None:
        picture[_suggested(suggestion, mask, view)] = _rgb(COLOURS[SUGGESTED])
    return picture


def _labels(place: DoubtfulPlace, view: View) -> NDArray[np.uint32]:
    """Of the slice; 0 beside what is open."""
    if not place.entry.has_open(place.point):
        return np.zeros((len(view.rows), len(view.columns)), np.uint32)
    t, z, y, x = place.entry.region
    return view.of(place.entry.labels[view.t - t.start, view.z - z.start], y.start, x.start).astype(np.uint32)


def _ellipse(place: DoubtfulPlace, view: View) -> NDArray[np.bool_]:
    """The one that fills the box of a place without an object."""
    y, x = (
        2 * (at - (side.start + side.stop - 1) / 2) / (side.stop - side.start)
        for at, side in zip((view.rows, view.columns), place.box[2:], strict=True)
    )
    return np.asarray(y[:, None] ** 2 + x[None] ** 2 <= 1)


def _suggested(suggestion: Suggestion, mask: NDArray[np.bool_], view: View) -> NDArray[np.bool_]:
    """Outlines, from inside, of the objects that are made; a cross over the place where none is."""
    if not suggestion.made().any():
        return _cross(mask)
    (t, z, y, x), region = suggestion.box, suggestion.region
    at = view.t - region[0].start - t.start, view.z - region[1].start - z.start
    made = suggestion.made()
    if not 0 <= at[1] < made.shape[1]:  # what it changes lies in other slices
        return np.zeros(mask.shape, bool)
    seen = view.of(made[at], y.start + region[2].start, x.start + region[3].start).astype(np.uint32)
    return _edges(seen, _THICK)


def _cross(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    there = np.argwhere(mask)
    found = np.zeros(mask.shape, bool)
    if len(there) == 0:
        return found
    (top, left), (bottom, right) = there.min(axis=0), there.max(axis=0) + 1
    height, width = bottom - top, right - left
    y, x = np.indices((height, width))
    far = np.minimum(np.abs(y * width - x * height), np.abs(y * width - (width - 1 - x) * height))
    found[top:bottom, left:right] = far <= _THICK * max(height, width) / 2
    return found


def _edges(labels: NDArray[np.uint32], thick: int) -> NDArray[np.bool_]:
    """Pixels of objects that are so near something else."""
    size = 2 * thick + 1
    inside = ndimage.minimum_filter(labels, size) == ndimage.maximum_filter(labels, size)
    return np.asarray((labels > 0) & ~inside)


def _grown(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    return np.asarray(ndimage.maximum_filter(mask.astype(np.uint8), 2 * by + 1) > 0)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue
