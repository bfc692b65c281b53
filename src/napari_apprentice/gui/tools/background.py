"""The background brush."""

from __future__ import annotations

from napari_apprentice.gui.icons import svg
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.painting import PaintingTool


class BackgroundBrush(PaintingTool):
    """Says that there is nothing, also where there was nothing; what is confirmed is shown meanwhile."""

    name = "background"
    title = "Background brush"
    about = "paint where there is nothing"
    key = "B"
    hint = "Paint where there is nothing: hatched is confirmed background."
    # a brush stroke that goes round a cell
    icon = svg("M8 8h84v84H8z M50 26a24 24 0 1 0 0 48a24 24 0 1 0 0 -48z")
    mode = "erase"

    def __init__(self, label_layers: LabelLayers) -> None:
        super().__init__(label_layers)
        self._was_shown = True

    def turn_on(self) -> None:
        """The layer's eraser confirms background."""
        layer = self._label_layers.labels
        if layer is not None:
            layer.background_brush = True
        self._was_shown = self._label_layers.shows_confirmed
        self._label_layers.show_confirmed(True)

    def turn_off(self) -> None:
        """The eraser is an eraser again."""
        layer = self._label_layers.labels
        if layer is not None:
            layer.background_brush = False
        if not self._was_shown:
            self._label_layers.show_confirmed(False)
