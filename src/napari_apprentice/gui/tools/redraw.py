"""Redraw: a stroke takes the place of the piece of outline that it runs along."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.errors import UserError
from napari_apprentice.gui.icons import svg
from napari_apprentice.gui.tools.canvas import Gesture
from napari_apprentice.gui.tools.line import LineTool
from napari_apprentice.gui.tools.tool import Switch

_HOW = "Draw along an outline where it should be, from outline to outline."


class Redraw(LineTool):
    """The outline of an object in its slice is where it is drawn."""

    name = "redraw"
    title = "Redraw the outline"
    about = "draw a piece of an outline again, inside or outside of where it is"
    key = "U"
    hint = f"{_HOW} A closed line is a new outline. Space and a drag move the image."
    # a cell of which a piece is dashed, and the line that takes its place
    icon = svg(
        "M46 20a36 30 0 1 0 40 38l-9 -2a27 21 0 1 1 -31 -27z",
        "M52 18h10v9h-10z M68 24h9v9h-9z M78 37h9v9h-9z",
        "M50 27l8 -3q26 -20 36 8q6 18 -8 27l-6 -7q10 -6 6 -17q-7 -18 -24 -4z",
    )

    @property
    def switches(self) -> Sequence[Switch]:
        """A line lies in a slice."""
        return ()

    def along(self, line: NDArray[np.float64]) -> None:
        """The outline is there."""
        self._label_layers.session.shapes.redraw(line, across=self.across)

    def _on_click(self, gesture: Gesture) -> None:
        raise UserError(f"A click redraws nothing. {_HOW}")
