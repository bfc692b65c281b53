"""Merge: a line through objects that are one."""

from __future__ import annotations

from collections.abc import Sequence

from napari_apprentice.data.geometry.lines import voxels_along
from napari_apprentice.errors import UserError
from napari_apprentice.gui.icons import svg
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.canvas import CanvasGestures, Gesture
from napari_apprentice.gui.tools.drawn import DrawnLine
from napari_apprentice.gui.tools.one_slice import OneSlice
from napari_apprentice.gui.tools.tool import Switch, Tool
from napari_apprentice.gui.tools.view import slice_points

_HOW = "Drag from one object through the others that belong to it."


class Merge(Tool):
    """All objects that a drag goes through become the first one."""

    name = "merge"
    title = "Merge"
    about = "drag from one object through the others that belong to it"
    key = "J"  # join
    hint = f"{_HOW} They become one object, which is confirmed. Space and a drag move the image."
    # two cells that an arrow joins
    icon = svg(
        "M28 22a28 28 0 1 0 0 56a28 28 0 0 0 20 -48l-6 7a19 19 0 1 1 -14 -6z",
        "M72 22a28 28 0 0 1 0 56a28 28 0 0 1 -20 -8l6 -7a19 19 0 1 0 14 -32z",
        "M22 46h40v-11l19 15l-19 15v-11h-40z",
    )
    cursor = "cross"

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._gestures = CanvasGestures(label_layers, self._on_click, self._on_drag, self._on_move)
        self._line = DrawnLine(label_layers)
        self._slices = OneSlice(label_layers, "Merge what lies in this slice, not what lies above and below")

    @property
    def switches(self) -> Sequence[Switch]:
        """In a volume, whether a slice is meant."""
        return self._slices.switches

    def is_offered(self) -> bool:
        """Areas of classes are not objects."""
        return not self.why_not()

    def why_not(self) -> str:
        """Why there are no objects to merge."""
        return self._label_layers.session.edits.why_not_objects()

    def turn_on(self) -> None:
        """Drags merge."""
        self._gestures.set_on(True)

    def turn_off(self) -> None:
        """Drags are napari's again."""
        self._gestures.set_on(False)
        self._line.drop()

    def close(self) -> None:
        """Stop listening."""
        self._line.close()

    def _on_click(self, gesture: Gesture) -> None:
        raise UserError(f"A click merges nothing. {_HOW}")

    def _on_move(self, gesture: Gesture) -> None:
        self._line.show(gesture.path)

    def _on_drag(self, gesture: Gesture) -> None:
        self._line.drop()
        session = self._label_layers.session
        points = slice_points(self._label_layers, gesture.path)
        session.edits.merge(voxels_along(points, session.images.open_entry.labels.shape), one_slice=self._slices.is_on)
