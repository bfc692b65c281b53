"""A hand and an eye on the clock: everything is done in the window, and what it takes is noted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from qtpy.QtCore import Qt

from apprentice_lab.bench.interact_times import Effort, ReviewTimes
from apprentice_lab.bench.window.canvas import PLAIN, Canvas
from apprentice_lab.bench.window.outlining import Floats, Mask, by_polygon, evenly, length_of, outline_px
from apprentice_lab.bench.window.waiting import wait
from napari_apprentice.errors import UserError

_STEP = 12.0  # canvas pixels between two places of a stroke
_EDGE = 12  # canvas pixels at the edge of the canvas, where nothing is done
_REACH = 0.8  # of the canvas, how far one drag moves the image
_PAN_MOVES = 6
_SETTLE_S = 0.02
_MOST_PANS = 8  # from one place to the next
_NOTCHES = 80  # of a wheel, at most
_CLOSE = 1.12  # a notch of the wheel


class Paced:
    """``effort`` is all that was done so far; places are (y, x) in pixels of the image."""

    def __init__(self, canvas: Canvas, times: ReviewTimes) -> None:
        self.canvas, self.times = canvas, times
        self.effort = Effort()

    @property
    def seconds(self) -> float:
        """Of the user, so far."""
        return self.effort.seconds(self.times)

    def read(self, count: int = 1) -> None:
        """Judge a proposal, or an answer that is wrong."""
        self.effort += Effort(reads=count)

    def look(self) -> None:
        """Look again: another place is shown."""
        self.effort += Effort(looks=1)

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
        """Press a key."""
        self.effort += Effort(keys=1, waited_s=self.canvas.key(key, modifiers))

    def wait(self, seconds: float, *, keys: int = 0, clicks: int = 0) -> None:
        """What was done otherwise, and how long the window took for it."""
        self.effort += Effort(keys=keys, clicks=clicks, waited_s=seconds)

    def click(self, at: tuple[float, float]) -> None:
        """Aim and click."""
        self.canvas.point_at(at)
        waited = self.canvas.do(lambda: self.canvas.hand.click(self.canvas.place(at)))
        self.effort += Effort(clicks=1, waited_s=waited)

    def point(self, at: tuple[float, float]) -> None:
        """Aim, for a key."""
        self.canvas.point_at(at)
        self.effort += Effort(clicks=1)

    def drag(self, line: Floats) -> None:
        """From one place to another one."""
        self.effort += Effort(clicks=1, drags=1, line_px=self._px(line), waited_s=self.canvas.drag(self._places(line)))

    def stroke(self, line: Floats) -> None:
        """Along an outline."""
        self.effort += Effort(outlines=1, line_px=self._px(line), waited_s=self.canvas.drag(self._places(line)))

    def polygon(self, mask: Mask) -> None:
        """Click around something and close the polygon."""
        length = outline_px(mask, self.canvas.zoom)
        self.effort += Effort(outlines=1, line_px=length, waited_s=by_polygon(self.canvas, mask))

    def see(self, mask: Mask) -> None:
        """Bring something into view, if not all of it is."""
        there = np.argwhere(mask)
        corners = [self.canvas.place((float(y), float(x))) for y, x in (there.min(axis=0), there.max(axis=0))]
        height, width = self.canvas.size
        if not all(_EDGE < at.y() < height - _EDGE and _EDGE < at.x() < width - _EDGE for at in corners):
            y, x = (there.min(axis=0) + there.max(axis=0)) / 2
            self.pan_to((float(y), float(x)))

    def pan_to(self, at: tuple[float, float]) -> None:
        """Drag the image, Space held, until a place is in the middle; then look again."""
        size = np.array(self.canvas.size)
        middle = self.canvas.place(self.canvas.middle)
        for _ in range(_MOST_PANS):
            goal = self.canvas.place(at)
            away = np.array([middle.y() - goal.y(), middle.x() - goal.x()])
            if np.abs(away).max() <= _EDGE:
                return
            away = np.clip(away, -_REACH * size, _REACH * size)
            line = [self._from_canvas(size / 2 + share * away) for share in np.linspace(-0.5, 0.5, _PAN_MOVES)]
            with self.canvas.hand.holding(Qt.Key.Key_Space):
                waited = self.canvas.drag(line)
            self.effort += Effort(pans=1, looks=1, waited_s=waited)
        raise UserError("The image cannot be moved with Space held: reset napari's shortcuts.")

    def zoom_to(self, zoom: float) -> None:
        """Turn the wheel until pixels are so many canvas pixels wide, or nearly; then look again."""
        middle = self.canvas.place(self.canvas.middle)
        for _ in range(_NOTCHES):
            if 1 / _CLOSE < self.canvas.zoom / zoom < _CLOSE:
                break
            notch = 1 if self.canvas.zoom < zoom else -1
            self.canvas.do(partial(self.canvas.hand.wheel, middle, notch))
            wait(_SETTLE_S)
        self.effort += Effort(pans=1, looks=1, waited_s=self.canvas.redraw())

    def _px(self, line: Floats) -> float:
        return length_of(line) * self.canvas.zoom

    def _places(self, line: Floats) -> Sequence[tuple[float, float]]:
        return [(float(y), float(x)) for y, x in evenly(line, _STEP / self.canvas.zoom)]

    def _from_canvas(self, at: Floats) -> tuple[float, float]:
        """What of the image lies at a place on the canvas (y, x)."""
        y, x = np.array(self.canvas.middle) + (at - np.array(self.canvas.size) / 2) / self.canvas.zoom
        return float(y), float(x)
