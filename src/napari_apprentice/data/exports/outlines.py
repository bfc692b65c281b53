"""Outlines of objects as rings of points, such that filling them by pixel centres gives the objects back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

Ring = NDArray[np.float64]


@dataclass(frozen=True)
class Outline:
    """One object in one slice: rings of (x, y) where pixel (0, 0) reaches from 0 to 1; parts and holes alike."""

    value: int
    time: int
    slice: int
    rings: tuple[Ring, ...]


def outlines(labels: NDArray[np.integer], corner: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Iterator[Outline]:
    """The outlines of labels (T, Z, Y, X), slice by slice, that begin at ``corner`` of an image."""
    t, first, top, left = corner
    for time, volume in enumerate(labels, t):
        for z, plane in enumerate(volume, first):
            values, dense = np.unique(plane, return_inverse=True)
            dense = dense.reshape(plane.shape) + int(values[0] != 0)
            names = values if values[0] == 0 else np.concatenate([[0], values])
            for place, box in enumerate(ndimage.find_objects(dense), start=1):
                if box is not None:
                    rings = _rings(dense[box] == place, left + box[1].start, top + box[0].start)
                    yield Outline(int(names[place]), time, z, rings)


def _rings(mask: NDArray[np.bool_], left: int, top: int) -> tuple[Ring, ...]:
    """Half-way between the centres of pixels inside and outside, the corners that lie on a line left out."""
    found = []
    for contour in find_contours(np.pad(mask, 1).astype(np.float32), 0.5):
        ring = _corners(contour[:, ::-1] + (left - 0.5, top - 0.5))
        if len(ring) > 3:
            found.append(ring)
    return tuple(found)


def _corners(ring: Ring) -> Ring:
    """A closed ring without points in the middle of a straight line."""
    points = ring[:-1]
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    turns = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    kept = points[turns]
    return np.concatenate([kept, kept[:1]])
