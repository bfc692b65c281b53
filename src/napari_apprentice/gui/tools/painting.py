"""What tools that paint by means of napari have in common."""

from __future__ import annotations

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.tool import Tool


class PaintingTool(Tool):
    """A mode of napari that changes masks: refused where its strokes could not be recorded."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers

    def why_not(self) -> str:
        """Why napari's strokes cannot be recorded."""
        return self._label_layers.why_not_paint
