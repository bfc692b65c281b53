"""Merge: a line through objects that are one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.lines import voxels_along
from napari_apprentice.errors import UserError
from napari_apprentice.gui.icons import svg
from napari_apprentice.gui.tools.canvas import Gesture
from napari_apprentice.gui.tools.line import LineTool

_HOW = "Drag from one object through the others that belong to it."


class Merge(LineTool):
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
    about_slice = "Merge what lies in this slice, not what lies above and below"

    def along(self, line: NDArray[np.float64]) -> None:
        """All objects under the line are one."""
        session = self._label_layers.session
        under = voxels_along(line, session.images.open_entry.labels.shape)
        session.edits.merge(under, one_slice=self.one_slice, across=self.across)

    def _on_click(self, gesture: Gesture) -> None:
        raise UserError(f"A click merges nothing. {_HOW}")
