"""Outlines of what a review looks at, and of what is suggested for it, as a small picture of labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.corrections import dilate_in_planes
from napari_apprentice.session.doubtful_places import DoubtfulPlace, ellipsoid
from napari_apprentice.session.suggestion import Suggestion

LOOKED_AT, SUGGESTED = 1, 2  # values in the picture
COLOURS: dict[int | None, str] = {LOOKED_AT: "#ffe14d", SUGGESTED: "#35e0ff"}
_FINE = 90  # of the object's width is its outline one part
_GAP = 1  # voxels between the object and its outline


def outlines(place: DoubtfulPlace, suggestion: Suggestion | None) -> tuple[Region, NDArray[np.uint8]]:
    """A ring around an object, or around the ellipse of a place, in each slice, and outlines of what is suggested.

    And where the picture lies in the image. What would be deleted is crossed out.
    """
    region = place.entry.region
    wide = max(part.stop - part.start for part in place.box[2:])
    thick = max(1, round(wide / _FINE))
    room = (0, 0, thick + _GAP, thick + _GAP)
    boxes = [place.box] if suggestion is None else [place.box, _whole(suggestion.box, region)]
    t, z, y, x = (
        slice(max(part.start, min(b.start for b in each) - more), min(part.stop, max(b.stop for b in each) + more))
        for part, more, each in zip(region, room, zip(*boxes, strict=True), strict=True)
    )
    box = (t, z, y, x)
    labels = place.entry.labels[_inside(box, region)]
    mask = labels == place.id if place.id is not None else ellipsoid(place.box, box)
    near = dilate_in_planes(mask, _GAP) if place.id is not None else mask
    picture = np.where(dilate_in_planes(near, thick) & ~near, LOOKED_AT, 0).astype(np.uint8)
    if suggestion is not None:
        part = picture[_inside(_whole(suggestion.box, region), box)]
        part[_drawn(suggestion, thick)] = SUGGESTED
    return box, picture


def _drawn(suggestion: Suggestion, thick: int) -> NDArray[np.bool_]:
    """The outlines, from inside, of the objects that are made; a cross where none is."""
    made = suggestion.made()
    found = np.zeros(made.shape, bool)
    for number in np.unique(made[made > 0]):
        padded = np.pad(made == number, ((0, 0), (0, 0), (1, 1), (1, 1)))
        found |= (padded & dilate_in_planes(~padded, thick))[..., 1:-1, 1:-1]
    if not made.any():
        height, width = made.shape[2:]
        y, x = np.indices((height, width))
        far = np.minimum(np.abs(y * width - x * height), np.abs(y * width - (width - 1 - x) * height))
        found |= far <= thick * max(height, width) / 2
    return found


def _whole(box: Region, region: Region) -> Region:
    """A box of what is open, in the whole image."""
    t, z, y, x = (slice(a.start + b.start, a.stop + b.start) for a, b in zip(box, region, strict=True))
    return t, z, y, x


def _inside(box: Region, other: Region) -> Region:
    """A box in the voxels of another one that holds it."""
    t, z, y, x = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, other, strict=True))
    return t, z, y, x
