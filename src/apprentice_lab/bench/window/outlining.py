"""Objects outlined by hand in the window, by polygon and by brush."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from skimage.measure import approximate_polygon

from apprentice_lab.bench.interact_lines import outline
from apprentice_lab.bench.window.canvas import Canvas
from apprentice_lab.bench.window.desk import Desk
from apprentice_lab.bench.window.waiting import wait
from napari_apprentice.engine.practice.user import EXACT

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]

_STRAIGHT = 0.5  # canvas pixels by which a polygon may leave an outline
_AFTER_S = 0.02  # each corner
_STEP = 6.0  # canvas pixels between two places of a stroke
_THIN = 1  # pixels: a brush as wide as the line


def outline_px(mask: Mask, zoom: float) -> float:
    """How long the outline is, in canvas pixels."""
    return length_of(outline(mask)) * zoom


def by_polygon(canvas: Canvas, mask: Mask) -> float:
    """Click around an object, the polygon in the hand, and close it; the seconds until that is drawn."""
    for y, x in approximate_polygon(outline(mask), _STRAIGHT / canvas.zoom)[:-1]:
        canvas.hand.click(canvas.place((y, x)))
        wait(_AFTER_S)
    return canvas.key(Qt.Key.Key_Return)


def by_brush(desk: Desk, mask: Mask) -> float:
    """Paint an object's outline and fill it; the seconds that the window took, from the key for a new object on."""
    waited = desk.take("paint", Qt.Key.Key_M)
    desk.masks.brush_size = _THIN
    line = [desk.place((y, x)) for y, x in evenly(outline(mask), _STEP / desk.zoom)]
    desk.hand.drag(line)
    waited += desk.redraw() + desk.take("fill", Qt.Key.Key_F)
    middle = middle_of(mask)
    desk.point_at(middle)
    return waited + desk.do(lambda: desk.hand.click(desk.place(middle)))


def middle_of(mask: Mask) -> tuple[float, float]:
    """Where a mask is deepest, (y, x)."""
    found = EXACT.next_click(np.zeros(mask.shape, bool), mask, np.random.default_rng(0))
    if found is None:
        raise ValueError("there is nothing in the mask")
    y, x = found[0]
    return y, x


def evenly(line: Floats, step: float) -> Floats:
    """Places on a line about so far from each other, its ends among them."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.linspace(0, along[-1], max(2, round(along[-1] / step) + 1))
    return np.stack([np.interp(at, along, values) for values in line.T], axis=1)


def length_of(line: Floats) -> float:
    """How long a line through points is."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum())
