"""What is being drawn on the image: a box, a line, places."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Points, Shapes
from numpy.typing import NDArray

from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.tools.outline import YELLOW

_EDGE = 2.0  # canvas pixels
_PLACE = 10.0  # canvas pixels


class _Drawn:
    """One shape that follows the pointer until it is let go.

    Its layer is hidden then, and stays for the next one: making and removing a layer takes napari longer than the rest
    of a gesture.
    """

    shape_type = ""
    name = ""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._own = OwnLayer[Shapes](label_layers.viewer, label_layers.images, label_layers.options)

    def hide(self) -> None:
        """It is drawn, or given up."""
        if self._own.layer is not None:
            self._own.layer.visible = False

    def drop(self) -> None:
        """None will be drawn."""
        self._own.drop()

    def close(self) -> None:
        """Stop listening."""
        self._own.close()

    def _draw(self, corners: NDArray[np.float64]) -> None:
        """Through corners in the data of the masks layer."""
        layer = self._own.layer
        if layer is None:
            make = partial(
                Shapes, [corners], shape_type=self.shape_type, edge_width=in_voxels(self._label_layers, _EDGE)
            )
            self._own.show(make, name=self.name, edge_color=[YELLOW], face_color=[(0, 0, 0, 0)])
        elif layer.visible:
            layer.data = [corners]
        else:
            self._own.move()  # another part of the image may be open
            layer.data = [corners]
            layer.edge_width = [in_voxels(self._label_layers, _EDGE)]
            layer.visible = True


class DrawnBox(_Drawn):
    """Around an object."""

    shape_type = "rectangle"
    name = "box"

    def show(self, first: NDArray[Any], last: NDArray[Any]) -> None:
        """Between two corners, in the data of the masks layer."""
        viewer = self._label_layers.viewer
        shown = [i - (viewer.dims.ndim - len(first)) for i in viewer.dims.displayed]
        corners = np.tile(np.asarray(first, float), (4, 1))
        corners[1:3, shown[-1]] = last[shown[-1]]
        corners[2:, shown[-2]] = last[shown[-2]]
        self._draw(corners)


class DrawnLine(_Drawn):
    """Through objects."""

    shape_type = "path"
    name = "line"

    def show(self, path: NDArray[np.float64]) -> None:
        """Along positions in world coordinates; nothing where the view is not of slices."""
        layer = self._label_layers.labels
        if layer is None or self._label_layers.viewer.dims.ndisplay != 2:
            return
        points = np.array([layer.world_to_data(at) for at in path])
        moved = np.r_[True, (np.diff(points, axis=0) != 0).any(axis=1)]
        if moved.sum() > 1:
            self._draw(points[moved])


class DrawnPlaces:
    """Places that wait for more."""

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers
        self._own = OwnLayer[Points](label_layers.viewer, label_layers.images, label_layers.options)

    def show(self, places: Sequence[Sequence[float]]) -> None:
        """At places in the data of the masks layer; none: nothing."""
        layer = self._own.layer
        if layer is not None and not places:
            layer.visible = False
        elif layer is not None:
            if not layer.visible:
                self._own.move()
            layer.data = np.array(places)
            layer.size = in_voxels(self._label_layers, _PLACE)
            layer.visible = True
        elif places:
            make = partial(Points, np.array(places), size=in_voxels(self._label_layers, _PLACE))
            self._own.show(make, name="places", face_color=[YELLOW], border_color=[(0, 0, 0, 1)])

    def drop(self) -> None:
        """There will be none."""
        self._own.drop()

    def close(self) -> None:
        """Stop listening."""
        self._own.close()


def in_voxels(label_layers: LabelLayers, pixels: float) -> float:
    """A length on the canvas in voxels of the masks layer."""
    return pixels / label_layers.viewer.scene.camera.zoom / abs(float(label_layers.options()["scale"][-1]))
