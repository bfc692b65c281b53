"""What tools that paint by means of napari have in common."""

from __future__ import annotations

from collections.abc import Sequence

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.tool import Switch, Tool


class PaintingTool(Tool):
    """A mode of napari that changes masks: refused where its strokes could not be recorded."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers

    def why_not(self) -> str:
        """Why napari's strokes cannot be recorded."""
        return self._label_layers.why_not_paint


class BeginsObjects(PaintingTool):
    """What it paints belongs to the object that the stroke begins in, or is a new one."""

    @property
    def switches(self) -> Sequence[Switch]:
        """Whether a stroke on empty ground is a new object; classes have no ids of their own."""
        session = self._label_layers.session
        if session.kind == "classes":
            return ()
        return (
            Switch(
                "New object on empty ground",
                "A stroke from empty ground is an object of its own, and one from within an object extends that; "
                "otherwise all strokes have the id that is selected, wherever they begin",
                session.edits.new_on_empty_ground,
                lambda on: setattr(session.edits, "new_on_empty_ground", on),
            ),
        )
