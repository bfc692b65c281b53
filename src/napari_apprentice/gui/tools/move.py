"""No tool: the mouse moves the view."""

from __future__ import annotations

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.tool import Tool


class Move(Tool):
    """What is in the hand when nothing else is."""

    name = "pan"
    title = "Move the view"
    napari_action = "napari:activate_labels_pan_zoom_mode"
    icon = "pan_arrows"

    def __init__(self, label_layers: LabelLayers) -> None: ...
