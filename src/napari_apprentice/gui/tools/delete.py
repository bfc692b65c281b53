"""Take an object away: there is none."""

from __future__ import annotations

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.tool import UNDER_CURSOR, Place, Tool
from napari_apprentice.gui.tools.view import under_cursor


class DeleteUnderCursor(Tool):
    """The object under the cursor is none: background, all of it in its frame."""

    name = "delete object"
    key = "D"
    place: Place = ""
    heading = UNDER_CURSOR
    at_once = True

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers

    @property
    def title(self) -> str:
        """Classes have areas."""
        what = "object" if self._label_layers.session.kind == "instances" else "area"
        return f"Delete the {what} under the cursor"

    def why_not(self) -> str:
        """An outline may wait."""
        return why_not_now(self._label_layers)

    def turn_on(self) -> None:
        """Delete it."""
        self._label_layers.session.edits.delete_object(under_cursor(self._label_layers))


def why_not_now(label_layers: LabelLayers) -> str:
    """Why no verdict on an object is taken now: what waits to be kept may stand for the object that is there."""
    if label_layers.session.verbs.click.proposal is None:
        return ""
    return "An outline waits: keep it (Enter) or discard it (Esc) first."
