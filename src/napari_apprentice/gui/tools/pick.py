"""Taking a label from the image."""

from __future__ import annotations

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.tool import Tool


class Pick(Tool):
    """Selects the label of the object that is clicked."""

    name = "pick"
    title = "Pick a label"
    napari_action = "napari:activate_labels_picker_mode"
    hint = "Click an object to take its label."
    hint_for_classes = "Click an area to choose its class."
    icon = "picker"
    mode = "pick"

    def __init__(self, label_layers: LabelLayers) -> None: ...
