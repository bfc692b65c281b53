"""The eraser."""

from __future__ import annotations

from napari_apprentice.gui.tools.painting import PaintingTool


class Eraser(PaintingTool):
    """Removes what is wrong."""

    name = "erase"
    title = "Eraser"
    napari_action = "napari:activate_labels_erase_mode"
    hint = "Erase what is wrong: background is confirmed where an object was."
    hint_for_classes = "Erase what is wrong: background is confirmed where a class was."
    icon = "erase"
    mode = "erase"
