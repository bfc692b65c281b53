"""Clicks and drags on the canvas for tools that are not modes of napari."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.errors import UserError
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.keys import LayerKeys, napari_keys

MOST_MOVED = 5  # canvas pixels between press and release of a click; more is a drag
_HOLD = "napari:hold_for_pan_zoom"


@dataclass(frozen=True)
class Gesture:
    """What the left button did: where it was, and which of "Shift", "Control" and "Alt" were held when it went down.

    ``path``: (points, dimensions of the viewer) in world coordinates, from press to release. ``direction``: of the
    camera's look where the button went down, in the same coordinates; None in 2D display.
    """

    path: NDArray[np.float64]
    modifiers: frozenset[str] = frozenset()
    direction: NDArray[np.float64] | None = None

    @property
    def at(self) -> NDArray[np.float64]:
        """Where the button went down."""
        first: NDArray[np.float64] = self.path[0]
        return first


class CanvasGestures:
    """Takes clicks, and where ``on_drag`` is given drags, from the canvas while it is on.

    Without ``on_drag`` drags move the camera; with it they do while the key is held with which napari does so (Space).
    ``on_move`` is called with what there is of a drag so far. A `UserError` of any of them is said by the label layers.
    A double click is one click, and neither it nor Alt and a drag zooms as it would otherwise.
    """

    def __init__(
        self,
        label_layers: LabelLayers,
        on_click: Callable[[Gesture], None],
        on_drag: Callable[[Gesture], None] | None = None,
        on_move: Callable[[Gesture], None] | None = None,
    ) -> None:
        self._label_layers = label_layers
        self._on_click = on_click
        self._on_drag = on_drag
        self._on_move = on_move
        self._put_aside: list[tuple[list[Any], Any]] = []
        self._keys = LayerKeys()
        self.is_on = False

    def set_on(self, on: bool) -> None:
        """Begin or end taking clicks and drags."""
        if on == self.is_on:
            return
        self.is_on = on
        if on:
            self._put_zooming_aside()
            self._label_layers.viewer.mouse_drag_callbacks.append(self._on_press)
        else:
            self._label_layers.viewer.mouse_drag_callbacks.remove(self._on_press)
            self._bring_zooming_back()
        self._take_drags(on)

    def _put_zooming_aside(self) -> None:
        viewer = self._label_layers.viewer
        for callbacks in (viewer.mouse_drag_callbacks, viewer.mouse_double_click_callbacks):
            for one in [one for one in callbacks if getattr(one, "__module__", "").startswith("napari.")]:
                callbacks.remove(one)
                self._put_aside.append((callbacks, one))

    def _bring_zooming_back(self) -> None:
        while self._put_aside:
            callbacks, one = self._put_aside.pop()
            callbacks.insert(0, one)

    def _take_drags(self, on: bool) -> None:
        self._keys.close()
        layer = self._label_layers.labels
        if self._on_drag is None or layer is None:
            return
        layer.mouse_pan = not on
        for key in napari_keys(_HOLD) if on else ():
            self._keys.bind_held(layer, key, lambda: self._let_camera(True), lambda: self._let_camera(False))

    def _let_camera(self, on: bool) -> None:
        if self.is_on and self._label_layers.labels is not None:
            self._label_layers.labels.mouse_pan = on

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        if event.button != 1:
            return
        modifiers = frozenset(one.name for one in event.modifiers)
        start = np.asarray(event.pos, float)
        path = [event.position]
        tell = partial(self._tell, direction=event.view_direction, modifiers=modifiers)
        is_drag = False
        masks = self._label_layers.labels
        drags = self._on_drag is not None and masks is not None and not masks.mouse_pan
        yield
        while event.type == "mouse_move":
            path.append(event.position)
            is_drag = is_drag or float(np.abs(np.asarray(event.pos, float) - start).max()) > MOST_MOVED
            if is_drag and drags and self._on_move is not None:
                tell(self._on_move, path)
            yield
        if not is_drag:
            tell(self._on_click, path[:1])
        elif drags and self._on_drag is not None:
            tell(self._on_drag, [*path, event.position])

    def _tell(
        self, told: Callable[[Gesture], None], path: list[Any], *, direction: Any, modifiers: frozenset[str]
    ) -> None:
        if not self.is_on:  # put down while the button was down
            return
        try:
            told(Gesture(np.asarray(path, float), modifiers, direction))
        except UserError as error:
            self._label_layers.troubled.emit(str(error))
