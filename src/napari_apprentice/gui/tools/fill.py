"""The bucket."""

from __future__ import annotations

from napari_apprentice.gui.tools.painting import PaintingTool


class Fill(PaintingTool):
    """Gives an object the selected label."""

    name = "fill"
    title = "Fill"
    napari_action = "napari:activate_labels_fill_mode"
    hint = "Click an object to give it the selected label, which merges the two; the same label confirms it."
    hint_for_classes = "Click an area to give it the class that is chosen; the same class confirms it."
    icon = "fill"
    mode = "fill"
