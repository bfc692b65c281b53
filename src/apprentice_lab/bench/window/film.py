"""A film strip: cells that lie together, a click each, and what the canvas shows after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt

from apprentice_lab.bench.window.desk import Desk
from apprentice_lab.bench.window.minute import Objects
from apprentice_lab.bench.window.outlining import middle_of
from apprentice_lab.bench.window.waiting import wait

_MARGIN = 1.2  # of what is shown, in sizes of what the cells fill
_CRUMB = 0.25  # of the median area
_SETTLE_S = 0.3


@dataclass(frozen=True, eq=False)
class Frame:
    """The canvas (Y, X, 3) after a click, where in it that was, and the IoU of what was proposed."""

    pixels: NDArray[np.uint8]
    at: tuple[float, float]
    iou: float


def film(desk: Desk, objects: Objects) -> Iterator[Frame]:
    """A frame for each object, row by row, the square around all of them."""
    middles = {number: middle_of(objects.mask(number)) for number in objects.numbers}
    there = np.argwhere(np.isin(objects.labels, objects.numbers))
    low, high = there.min(axis=0), there.max(axis=0) + 1
    side = _MARGIN * float((high - low).max())
    canvas = min(desk.picture().shape[:2])
    room = np.minimum(side, objects.labels.shape) / 2  # no more than needed is shown of what is beside the image
    y, x = np.clip((low + high - 1) / 2, room, np.array(objects.labels.shape) - room)
    desk.look_at((float(y), float(x)), canvas / side)
    desk.take("click", Qt.Key.Key_C)
    desk.session.verbs.click.one_each = True
    for number in sorted(middles, key=lambda one: middles[one]):
        desk.ask(middles[number])
        wait(_SETTLE_S)
        truth, shown = objects.mask(number), desk.proposed
        place = desk.place(middles[number])
        pixels, (top, left) = _square(desk.picture(), canvas)
        iou = float((shown & truth).sum() / (shown | truth).sum())
        yield Frame(pixels, (place.y() - top, place.x() - left), iou)


def closest(labels: NDArray[np.integer], numbers: Sequence[int], count: int) -> list[int]:
    """So many objects, no crumbs, that lie closest together: one and its nearest, by their middles."""
    areas = np.bincount(labels.ravel())
    least = _CRUMB * np.median(areas[list(numbers)])
    numbers = [number for number in numbers if areas[number] >= least]
    middles = np.array([middle_of(labels == number) for number in numbers])
    apart = np.hypot(*(middles[:, None] - middles[None]).transpose(2, 0, 1))
    nearest = np.argsort(apart, axis=1)[:, :count]
    reach = np.take_along_axis(apart, nearest, axis=1)[:, -1]
    return [int(numbers[i]) for i in nearest[reach.argmin()]]


def _square(pixels: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The middle of a picture, and its corner."""
    top, left = ((n - side) // 2 for n in pixels.shape[:2])
    return pixels[top : top + side, left : left + side], (top, left)
