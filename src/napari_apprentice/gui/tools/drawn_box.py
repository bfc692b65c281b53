"""The box that is being drawn around an object."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from napari.layers import Shapes
from numpy.typing import NDArray

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.tools.outline import YELLOW

_EDGE = 2.0  # canvas pixels


class DrawnBox:
    """Follows the pointer until it is let go."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._own = OwnLayer[Shapes](label_layers.viewer, label_layers.images, label_layers.options)

    def show(self, first: NDArray[Any], last: NDArray[Any]) -> None:
        """Between two corners, in the data of the masks layer."""
        viewer = self._label_layers.viewer
        shown = [i - (viewer.dims.ndim - len(first)) for i in viewer.dims.displayed]
        corners = np.tile(np.asarray(first, float), (4, 1))
        corners[1:3, shown[-1]] = last[shown[-1]]
        corners[2:, shown[-2]] = last[shown[-2]]
        if self._own.layer is None:
            width = _EDGE / viewer.scene.camera.zoom / abs(float(self._label_layers.options()["scale"][-1]))
            make = partial(Shapes, [corners], shape_type="rectangle", edge_width=width)
            self._own.show(make, name="box", edge_color=[YELLOW], face_color=[(0, 0, 0, 0)])
        else:
            self._own.layer.data = [corners]

    def drop(self) -> None:
        """It is drawn, or given up."""
        self._own.drop()

    def close(self) -> None:
        """Stop listening."""
        self._own.close()
