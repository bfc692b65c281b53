"""Split: a line across an object, or a click in each of its parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.icons import svg
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.canvas import Gesture
from napari_apprentice.gui.tools.drawn import DrawnPlaces
from napari_apprentice.gui.tools.keys import LayerKeys
from napari_apprentice.gui.tools.line import LineTool
from napari_apprentice.gui.tools.view import slice_points
from napari_apprentice.session import ProjectImage

_Point = tuple[float, ...]


class Split(LineTool):
    """A drag cuts at once; clicks wait for Enter, and are forgotten when what they are on is another image or part."""

    name = "split"
    title = "Split"
    about = "draw a line across an object, or click in each of its parts and press Enter"
    key = "K"  # knife
    more_keys = (
        ("Drag", "Cut along the line"),
        ("Enter", "Cut between the places clicked"),
        ("Escape", "Forget them"),
        ("Ctrl+Z", "Forget the last one"),
    )
    hint = (
        "Draw a line right across an object, or click in each of its parts and press Enter (Esc forgets the clicks). "
        "All parts stay and are confirmed. Space and a drag move the image."
    )
    # a cell that a line cuts
    icon = svg(
        "M40 22a36 30 0 0 0 0 57l4 -9a27 22 0 0 1 0 -39z",
        "M60 22a36 30 0 0 1 0 57l-4 -9a27 22 0 0 0 0 -39z",
        "M46 6h8v14h-8z M46 28h8v14h-8z M46 50h8v14h-8z M46 72h8v14h-8z",
    )
    about_slice = "Cut what lies in this slice, not what lies above and below"

    def __init__(self, label_layers: LabelLayers) -> None:
        super().__init__(label_layers)
        self._marks = DrawnPlaces(label_layers)
        self._places: list[_Point] = []  # t, z, y, x
        self._keys = LayerKeys()
        self._connections = Connections()
        self._connections.add(label_layers.session.image_changed, self._forget)
        self._connections.add(label_layers.session.region_changed, self._on_region_changed)

    def along(self, line: NDArray[np.float64]) -> None:
        """Cut along the line."""
        self._label_layers.session.edits.split_along(line, one_slice=self.one_slice, across=self.across)

    def turn_off(self) -> None:
        """Clicks that wait are forgotten."""
        super().turn_off()
        self._forget()
        self._marks.drop()

    def close(self) -> None:
        """Give the keys back and stop listening."""
        self._keys.close()
        self._connections.close()
        self._marks.close()

    def _on_click(self, gesture: Gesture) -> None:
        (point,) = slice_points(self._label_layers, gesture.path[:1])
        self._wait_for([*self._places, tuple(point)])

    def _on_region_changed(self, entry: ProjectImage, spot: object) -> None:
        self._forget()

    def _wait_for(self, places: list[_Point]) -> None:
        """Show places, and let keys answer while there are any."""
        self._places = places
        axis_mapping, layer = self._label_layers.axis_mapping, self._label_layers.labels
        self._keys.close()
        if axis_mapping is None or layer is None:
            self._marks.show([])
            return
        self._marks.show([axis_mapping.position(one) for one in places])
        answers = {"Enter": self._cut, "Escape": self._forget, "Control-Z": self._forget_last}
        for key, answer in answers.items() if places else ():
            self._keys.bind(layer, key, answer)

    def _cut(self) -> None:
        try:
            self._label_layers.session.edits.split(self._places, one_slice=self.one_slice, across=self.across)
        except UserError as error:  # the places wait on, to be added to or taken back
            self._label_layers.troubled.emit(str(error))
        else:
            self._forget()

    def _forget_last(self) -> None:
        self._wait_for(self._places[:-1])

    def _forget(self) -> None:
        self._wait_for([])
