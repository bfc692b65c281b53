"""A piece that lies apart becomes an object of its own."""

from __future__ import annotations

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.tool import UNDER_CURSOR, Place, Tool
from napari_apprentice.gui.tools.view import under_cursor


class SeparateUnderCursor(Tool):
    """The piece under the cursor is an object of its own, in all of its slices."""

    name = "separate piece"
    title = "Separate the piece under the cursor"
    about = "a piece that lies apart from the rest of its object; both are confirmed"
    key = "Q"
    place: Place = ""
    heading = UNDER_CURSOR
    at_once = True

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers

    def is_offered(self) -> bool:
        """Areas of classes are not objects."""
        return not self.why_not()

    def why_not(self) -> str:
        """Why there are no objects."""
        return self._label_layers.session.edits.why_not_objects()

    def turn_on(self) -> None:
        """Separate it."""
        self._label_layers.session.edits.separate(under_cursor(self._label_layers))
