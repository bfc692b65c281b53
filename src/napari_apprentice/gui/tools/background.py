"""The background brush."""

from __future__ import annotations

from napari_apprentice.gui.icons import svg
from napari_apprentice.gui.stage import Stage
from napari_apprentice.gui.tools.painting import PaintingTool


class BackgroundBrush(PaintingTool):
    """Says that there is nothing, also where there was nothing; what is vouched for is shown meanwhile."""

    name = "background"
    title = "Background brush"
    about = "paint where there is nothing"
    key = "B"
    hint = "Paint where there is nothing: blue is vouched-for background."
    # a brush stroke that goes round a cell
    icon = svg("M8 8h84v84H8z M50 26a24 24 0 1 0 0 48a24 24 0 1 0 0 -48z")
    mode = "erase"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._was_shown = True

    def turn_on(self) -> None:
        """The layer's eraser vouches for background."""
        layer = self._stage.labels
        if layer is not None:
            layer.background_brush = True
        self._was_shown = self._stage.shows_vouched
        self._stage.show_vouched(True)

    def turn_off(self) -> None:
        """The eraser is an eraser again."""
        layer = self._stage.labels
        if layer is not None:
            layer.background_brush = False
        if not self._was_shown:
            self._stage.show_vouched(False)
