"""Tools by which a line is drawn through objects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.directions import SliceAxis
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.canvas import CanvasGestures, Gesture
from napari_apprentice.gui.tools.drawn import DrawnLine
from napari_apprentice.gui.tools.one_slice import one_slice
from napari_apprentice.gui.tools.tool import Switch, Tool
from napari_apprentice.gui.tools.view import slice_points, slices_across


class LineTool(Tool):
    """Does something with the objects under a drag, in 3D or in the slice; what a click does is each tool's own.

    All of them draw the same line, whose layer stays, hidden, from one to the next: `Tools` gives it.
    """

    cursor = "cross"
    about_slice = ""  # the tooltip of *This slice only*

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._gestures = CanvasGestures(label_layers, self._on_click, self._on_drag, self._on_move)
        self._line: DrawnLine | None = None
        self._is_on = False

    def draw_with(self, line: DrawnLine) -> None:
        """The line to draw."""
        self._line = line

    def along(self, line: NDArray[np.float64]) -> None:
        """Do it along points (count, 4) as (t, z, y, x); `UserError` when that cannot be."""
        raise NotImplementedError

    @property
    def one_slice(self) -> bool:
        """Whether what lies in the slice is meant, not the object in 3D."""
        return self._is_on and bool(self.switches)

    @property
    def across(self) -> SliceAxis:
        """Which axis goes from slice to slice."""
        return slices_across(self._label_layers)

    @property
    def switches(self) -> Sequence[Switch]:
        """In a volume, whether a slice is meant."""
        return one_slice(self._label_layers, self.about_slice, self._is_on, self._turn)

    def is_offered(self) -> bool:
        """Areas of classes are not objects."""
        return not self.why_not()

    def why_not(self) -> str:
        """Why there are no objects."""
        return self._label_layers.session.edits.why_not_objects()

    def turn_on(self) -> None:
        """Drags are lines."""
        self._gestures.set_on(True)

    def turn_off(self) -> None:
        """Drags are napari's again."""
        self._gestures.set_on(False)
        if self._line is not None:
            self._line.hide()

    def _turn(self, on: bool) -> None:
        self._is_on = on

    def _on_click(self, gesture: Gesture) -> None:
        raise NotImplementedError

    def _on_move(self, gesture: Gesture) -> None:
        if self._line is not None:
            self._line.show(gesture.path)

    def _on_drag(self, gesture: Gesture) -> None:
        if self._line is not None:
            self._line.hide()
        self.along(slice_points(self._label_layers, gesture.path))
