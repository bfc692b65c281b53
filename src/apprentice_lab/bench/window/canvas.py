"""napari's canvas with a labels layer, worked on by mouse and key events; what they take until it is drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import napari
import numpy as np
import psutil
from napari.layers import Labels
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Qt
from vispy.gloo import gl

from apprentice_lab.bench.window.waiting import wait, wait_until
from apprentice_lab.trust.window.hand import Hand

PLAIN = Qt.KeyboardModifier.NoModifier
_STILL_S = 0.06  # the pointer rests before the button goes down
_POLL_MS = 1


@dataclass(frozen=True)
class Took:
    """Seconds from an event until the answer was there, and until it was drawn.

    ``processor`` is what window and engine took of all processors meanwhile: on a machine that has other work, too,
    it says how long it would take at least.
    """

    answered: float
    drawn: float
    processor: float


class Canvas:
    """Places are (y, x) in pixels of the image, which lies as the layer that ``layer`` gives."""

    def __init__(self, viewer: napari.Viewer, layer: Callable[[], Labels]) -> None:
        self.viewer = viewer
        self.hand = Hand(viewer)
        self._layer = layer
        self._canvas: Any = viewer.window._qt_viewer.canvas  # napari has no public name for it
        self._is_answered = self._is_drawn = False
        self._began = self._answered_at = self._drawn_at = 0.0  # s, `time.perf_counter`
        self._canvas._scene_canvas.events.draw.connect(self._on_drawn, position="last")

    @property
    def size(self) -> tuple[float, float]:
        """Height and width, in canvas pixels."""
        return float(self._canvas.native.height()), float(self._canvas.native.width())

    @property
    def zoom(self) -> float:
        """Canvas pixels of a pixel of the image."""
        return float(np.hypot(*(self._on_canvas((0, 1)) - self._on_canvas((0, 0)))))

    @property
    def middle(self) -> tuple[float, float]:
        """What lies in the middle of the canvas."""
        step = (self._on_canvas((1, 1)) - self._on_canvas((0, 0))).tolist()
        first = self._on_canvas((0, 0)).tolist()
        y, x = ((side / 2 - at) / one for side, at, one in zip(self.size, first, step, strict=True))
        return y, x

    def place(self, at: tuple[float, float]) -> QPointF:
        """Where the middle of a pixel lies on the canvas."""
        y, x = self._on_canvas(at)
        return QPointF(round(x), round(y))

    def look_at(self, at: tuple[float, float], zoom: float) -> None:
        """Bring a place into the middle of the canvas."""
        camera = self.viewer.scene.camera
        camera.center = (camera.center[0], *self._in_world(at))
        camera.zoom *= zoom / self.zoom
        self.redraw()

    def do(self, act: Callable[[], object]) -> float:
        """Do what is done at once; the seconds until that is drawn."""
        return self.timed(act, waits=False).drawn

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = PLAIN) -> float:
        """Press a key; the seconds until what it does is drawn."""
        return self.do(lambda: self.hand.key(key, modifiers))

    def drag(self, line: Sequence[tuple[float, float]]) -> float:
        """Drag along places; the seconds from letting go until what it does is drawn."""
        places = [self.place(at) for at in line]
        return self.do(lambda: self.hand.drag(places, between=self._begin, moves=1))

    def redraw(self) -> float:
        """The seconds of drawing what is shown."""
        return self.do(lambda: None)

    def point_at(self, at: tuple[float, float]) -> None:
        """Bring the pointer there and let it rest."""
        self.hand.move(self.place(at))
        wait(_STILL_S)

    def picture(self) -> NDArray[np.uint8]:
        """The canvas (Y, X, 3)."""
        pixels: NDArray[np.uint8] = self.viewer.screenshot(canvas_only=True, flash=False)[..., :3]
        return pixels

    def timed(self, act: Callable[[], object], *, waits: bool) -> Took:
        """Do something; its answer is there at once, or (``waits``) when `answered` is called."""
        self._is_answered = self._is_drawn = False
        worked = _processor_s()
        self._begin()
        act()
        if not waits:
            self._is_answered = False
            self.answered()
        wait_until(lambda: self._is_answered and self._is_drawn, _POLL_MS)
        return Took(self._answered_at - self._began, self._drawn_at - self._began, _processor_s() - worked)

    def _begin(self) -> None:
        self._began = time.perf_counter()

    def answered(self, *_: object) -> None:
        """The layers have it by now: drawn is it with the next drawing, for which there may be no other reason."""
        if not self._is_answered:
            self._is_answered, self._is_drawn, self._answered_at = True, False, time.perf_counter()
            self._canvas._scene_canvas.update()

    def _on_drawn(self, event: object) -> None:
        gl.glFinish()  # until then OpenGL may only have been asked
        self._is_drawn, self._drawn_at = True, time.perf_counter()

    def _in_world(self, at: tuple[float, float]) -> tuple[float, float]:
        layer = self._layer()
        y, x = layer.data_to_world((*(0,) * (layer.ndim - 2), *at))[-2:]
        return float(y), float(x)

    def _on_canvas(self, at: tuple[float, float]) -> NDArray[np.float64]:
        camera = self.viewer.scene.camera
        return np.array(self.size) / 2 + (np.array(self._in_world(at)) - camera.center[-2:]) * camera.zoom


def _processor_s() -> float:
    """Of this process, and of those that it started and that are there."""
    total = time.process_time()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            took = child.cpu_times()
            total += took.user + took.system
    return total
