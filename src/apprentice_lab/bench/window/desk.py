"""An image open in a real window, worked on by mouse and key events; what they take until it is drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import napari
import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Qt
from vispy.gloo import gl

from apprentice_lab.bench.window.waiting import wait, wait_until
from apprentice_lab.trust.window.hand import Hand
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.gui.app import open_window
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.panel import ApprenticePanel
from napari_apprentice.session import Session

SIZE = (1300, 860)  # of the window, as in the pictures of the pages
PLAIN = Qt.KeyboardModifier.NoModifier
_STILL_S = 0.06  # the pointer rests before the button goes down
_POLL_MS = 1


@dataclass(frozen=True)
class Took:
    """Seconds from an event until the answer was there, and until it was drawn."""

    answered: float
    drawn: float


class Desk:
    """A window with one image and the panel; places are (y, x) in pixels of the image."""

    def __init__(self, viewer: napari.Viewer, panel: ApprenticePanel) -> None:
        self.viewer, self.panel, self.session = viewer, panel, panel.session
        self.hand = Hand(viewer)
        self._canvas: Any = viewer.window._qt_viewer.canvas  # napari has no public name for it
        self._is_answered = self._is_drawn = False
        self._answered_at = self._drawn_at = 0.0  # s, `time.perf_counter`
        for signal in (self.session.click_proposed, self.session.click_cleared, self.session.message):
            signal.connect(self._on_answered)
        panel.label_layers.troubled.connect(self._on_answered)
        self._canvas._scene_canvas.events.draw.connect(self._on_drawn, position="last")

    @property
    def masks(self) -> ApprenticeLabels:
        """The masks layer."""
        layer = self.panel.label_layers.labels
        if layer is None:
            raise UserError("The window shows no masks: is the image open in the panel?")
        return layer

    @property
    def labels(self) -> NDArray[np.uint32]:
        """The labels (Y, X) so far."""
        entry = self.session.current
        if entry is None:
            raise UserError("The image is not open any more.")
        labels: NDArray[np.uint32] = entry.labels[0, 0]
        return labels

    @property
    def proposed(self) -> NDArray[np.bool_]:
        """The mask (Y, X) that waits; nothing in it when none does."""
        mask = np.zeros(self.labels.shape, bool)
        proposal = self.session.verbs.click.proposal
        if proposal is not None:
            mask[tuple(slice(*side) for side in proposal.box[2:])] = proposal.mask[0, 0]
        return mask

    @property
    def zoom(self) -> float:
        """Canvas pixels of a pixel of the image."""
        return float(np.hypot(*(self._on_canvas((0, 1)) - self._on_canvas((0, 0)))))

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

    def ask(self, at: tuple[float, float], modifiers: Qt.KeyboardModifier = PLAIN) -> Took:
        """Click, and wait until the answer is shown."""
        self.point_at(at)
        return self._timed(lambda: self.hand.click(self.place(at), modifiers), waits=True)

    def do(self, act: Callable[[], object]) -> float:
        """Do what is done at once; the seconds until that is drawn."""
        return self._timed(act, waits=False).drawn

    def key(self, key: Qt.Key) -> float:
        """Press a key; the seconds until what it does is drawn."""
        return self.do(lambda: self.hand.key(key))

    def redraw(self) -> float:
        """The seconds of drawing what is shown."""
        return self.do(lambda: None)

    def point_at(self, at: tuple[float, float]) -> None:
        """Bring the pointer there and let it rest."""
        self.hand.move(self.place(at))
        wait(_STILL_S)

    def take(self, tool: str, key: Qt.Key) -> float:
        """Take a tool by its key."""
        took = self.key(key)
        if self.panel.tools.current != tool:
            raise UserError(f"The key does not take the tool {tool}: reset napari's shortcuts.")
        return took

    def picture(self) -> NDArray[np.uint8]:
        """The canvas (Y, X, 3)."""
        pixels: NDArray[np.uint8] = self.viewer.screenshot(canvas_only=True, flash=False)[..., :3]
        return pixels

    def _timed(self, act: Callable[[], object], *, waits: bool) -> Took:
        self._is_answered = self._is_drawn = False
        began = time.perf_counter()
        act()
        if not waits:
            self._is_answered = False
            self._on_answered()
        wait_until(lambda: self._is_answered and self._is_drawn, _POLL_MS)
        return Took(self._answered_at - began, self._drawn_at - began)

    def _on_answered(self) -> None:
        """The layers have it by now: drawn is it with the next drawing, for which there may be no other reason."""
        if not self._is_answered:
            self._is_answered, self._is_drawn, self._answered_at = True, False, time.perf_counter()
            self._canvas._scene_canvas.update()

    def _on_drawn(self, event: object) -> None:
        gl.glFinish()  # until then OpenGL may only have been asked
        self._is_drawn, self._drawn_at = True, time.perf_counter()

    def _in_world(self, at: tuple[float, float]) -> tuple[float, float]:
        y, x = self.masks.data_to_world((*(0,) * (self.masks.ndim - 2), *at))[-2:]
        return float(y), float(x)

    def _on_canvas(self, at: tuple[float, float]) -> NDArray[np.float64]:
        camera, widget = self.viewer.scene.camera, self._canvas.native
        middle = np.array([widget.height(), widget.width()]) / 2
        return middle + (np.array(self._in_world(at)) - camera.center[-2:]) * camera.zoom


@contextmanager
def opened(volume: Volume, session: Session, model: str | None = None) -> Iterator[Desk]:
    """A window with an image of one slice and the panel, the engine ready; closed in the end."""
    viewer, panel = open_window(volume, session)
    try:
        viewer.window.resize(*SIZE)
        wait(1.0)
        if session.current is None:
            panel.image.open(panel.images.layers[0])
        if model is not None:
            session.choose_model(model)
        viewer.reset_view()
        wait_until(lambda: session.compute.devices() is not None)
        wait(0.5)
        yield Desk(viewer, panel)
    finally:
        panel.runtime.close()
        viewer.close()
        wait(0.2)
