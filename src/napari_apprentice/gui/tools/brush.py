"""The brush, and with a new id."""

from __future__ import annotations

from napari_apprentice.gui.tools.painting import BeginsObjects, PaintingTool


class Brush(BeginsObjects):
    """Paints the object that a stroke begins in, or a new one."""

    name = "paint"
    title = "Brush"
    napari_action = "napari:activate_labels_paint_mode"
    hint = (
        "Paint from within an object to extend it, from empty ground for a new one; what you paint is confirmed. "
        "M: a new object anywhere, [ and ]: brush size."
    )
    hint_for_classes = "Paint the class that is chosen; what you paint is confirmed. [ and ]: brush size."
    icon = "paint"
    mode = "paint"


class NewObject(PaintingTool):
    """Takes the brush with an id that no object has."""

    name = "new object"
    title = "New object"
    about = "paint an object with an id of its own"
    key = "M"
    place = "word"
    at_once = True

    def is_offered(self) -> bool:
        """Classes have no ids of their own."""
        return self._label_layers.session.kind == "instances"

    def turn_on(self) -> None:
        """Select the id; choosing the mode takes the brush."""
        entry, layer = self._label_layers.entry, self._label_layers.activate()
        if entry is not None and layer is not None:
            layer.selected_label = entry.next_id()
            layer.mode = Brush.mode
