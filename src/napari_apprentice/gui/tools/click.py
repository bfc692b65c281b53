"""Click a cell: its proposed outline appears at once; Enter keeps it, Escape discards it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from napari.layers import Layer
from psygnal import Signal

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.stage import Stage

_MOST_MOVED = 5  # canvas pixels between press and release of a click; more is a drag of the camera


class CanvasClicks:
    """Calls ``slot`` with the world position of every click on the canvas, while it is on; drags move the camera."""

    def __init__(self, stage: Stage, slot: Callable[[Any], None]) -> None:
        self._stage = stage
        self._slot = slot
        self._is_on = False

    @property
    def is_on(self) -> bool:
        """Whether clicks are taken."""
        return self._is_on

    def set_on(self, on: bool) -> None:
        """Begin or end taking clicks."""
        layer = self._stage.labels
        if on and layer is not None:
            layer.background_brush = False
            layer.mode = "pan_zoom"
            layer.cursor = "cross"
        if on == self._is_on:
            return
        self._is_on = on
        callbacks = self._stage.viewer.mouse_drag_callbacks
        if on:
            callbacks.append(self._on_press)
            return
        callbacks.remove(self._on_press)
        if layer is not None and layer.cursor == "cross" and str(layer.mode) == "pan_zoom":
            layer.cursor = "standard"

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        if event.button != 1:
            return
        start = np.asarray(event.pos, float)
        farthest = 0.0
        yield
        while event.type == "mouse_move":
            farthest = max(farthest, float(np.abs(np.asarray(event.pos, float) - start).max()))
            yield
        if farthest <= _MOST_MOVED:
            self._slot(event.position)


class ClickTool:
    """Clicks while it is on, and the two keys while a proposal waits."""

    troubled = Signal(str)

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._clicks = CanvasClicks(stage, self.ask)
        self._keyed: list[tuple[Layer, dict[Any, Any]]] = []
        self._connections = Connections()
        self._connections.add(stage.session.click_proposed, self._on_proposed)
        self._connections.add(stage.session.click_cleared, self._unbind)

    def close(self) -> None:
        """Off, with nothing left behind."""
        self.set_on(False)
        self._unbind()
        self._connections.close()

    @property
    def is_on(self) -> bool:
        """Whether clicks on the canvas ask for a cell."""
        return self._clicks.is_on

    def set_on(self, on: bool) -> None:
        """Take the tool or put it down; a proposal that waits is discarded with it."""
        was_on = self._clicks.is_on
        self._clicks.set_on(on)
        if was_on and not on:
            self._stage.session.verbs.click.discard()

    def ask(self, position: Any) -> None:
        """Ask for the cell at a position in world coordinates."""
        layer, footprint = self._stage.labels, self._stage.footprint
        if layer is None or footprint is None:
            return
        if self._stage.viewer.dims.ndisplay != 2:
            self.troubled.emit("Clicking a cell works on slices: switch the view to 2D (Ctrl+Y).")
            return
        try:
            self._stage.session.verbs.click(footprint.point(layer.world_to_data(position)))
        except UserError as error:
            self.troubled.emit(str(error))

    # keys, only while a proposal waits

    def _on_proposed(self, mask: Any, box: Any) -> None:
        self._unbind()
        session = self._stage.session
        own = [self._stage.labels, self._stage.viewer.layers.selection.active]
        for layer in {id(one): one for one in own if one is not None}.values():
            kept = dict(layer.keymap)
            layer.bind_key("Enter", lambda _layer: session.verbs.click.keep(), overwrite=True)
            layer.bind_key("Escape", lambda _layer: session.verbs.click.discard(), overwrite=True)
            self._keyed.append((layer, kept))

    def _unbind(self) -> None:
        keyed, self._keyed = self._keyed, []
        for layer, kept in keyed:
            layer.keymap = kept
