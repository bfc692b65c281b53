"""Click a cell: its proposed outline appears at once; Enter keeps it, Escape discards it."""

from __future__ import annotations

from typing import Any

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.icons import svg
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.canvas import CanvasGestures, Gesture
from napari_apprentice.gui.tools.keys import LayerKeys
from napari_apprentice.gui.tools.tool import Tool


class ClickCell(Tool):
    """Asks for the cell that is clicked; two keys answer while a proposal waits."""

    name = "click"
    title = "Click a cell"
    about = "its mask is proposed at once"
    key = "C"
    more_keys = (("Enter", "Keep the outline"), ("Escape", "Discard it"))
    hint = "Click a cell that was missed or cut badly. Enter keeps the outline, Esc discards it."
    # a pointer on a cell with a plus
    icon = svg(
        "M42 6a36 36 0 1 0 0 72a36 36 0 0 0 8 -1l-3 -9a27 27 0 1 1 21 -30l10 1a36 36 0 0 0 -36 -33z",
        "M46 44l44 17l-19 7l-8 20z",
    )
    cursor = "cross"

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._gestures = CanvasGestures(label_layers, self._on_click)
        self._keys = LayerKeys()
        self._connections = Connections()
        self._connections.add(label_layers.session.click_proposed, self._on_proposed)
        self._connections.add(label_layers.session.click_cleared, self._keys.close)

    def why_not(self) -> str:
        """What is missing for clicking."""
        return self._label_layers.session.verbs.click.why_not()

    def turn_on(self) -> None:
        """Clicks ask for cells."""
        self._gestures.set_on(True)

    def turn_off(self) -> None:
        """A proposal that waits is discarded with the tool."""
        self._gestures.set_on(False)
        self._label_layers.session.verbs.click.discard()

    def close(self) -> None:
        """Give the keys back."""
        self._keys.close()
        self._connections.close()

    def _on_click(self, gesture: Gesture) -> None:
        layer, axis_mapping = self._label_layers.labels, self._label_layers.axis_mapping
        if layer is None or axis_mapping is None:
            return
        if self._label_layers.viewer.dims.ndisplay != 2:
            raise UserError("Clicking a cell works on slices: switch the view to 2D (Ctrl+Y).")
        self._label_layers.session.verbs.click(axis_mapping.point(layer.world_to_data(gesture.at)))

    def _on_proposed(self, mask: Any, box: Any) -> None:
        self._keys.close()
        session = self._label_layers.session
        own = [self._label_layers.labels, self._label_layers.viewer.layers.selection.active]
        for layer in {id(one): one for one in own if one is not None}.values():
            self._keys.bind(layer, "Enter", session.verbs.click.keep)
            self._keys.bind(layer, "Escape", session.verbs.click.discard)
