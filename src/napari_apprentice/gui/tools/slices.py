"""From slice to slice: what lies between the annotated ones, and the same once more in the next one."""

from __future__ import annotations

import numpy as np

from napari_apprentice.errors import UserError
from napari_apprentice.gui.axis_mapping import ORDER
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.tool import UNDER_CURSOR, Place, Tool
from napari_apprentice.gui.tools.view import masks_of, slices_across, under_cursor


class _OfVolumes(Tool):
    """Done at once with the object under the cursor, where there are slices."""

    place: Place = ""
    heading = UNDER_CURSOR
    at_once = True

    def __init__(self, label_layers: LabelLayers) -> None:
        self._label_layers = label_layers

    def why_not(self) -> str:
        """What is missing."""
        session = self._label_layers.session
        if session.current is not None and not session.current.volume.is_3d:
            return "This image has one slice only."
        return session.shapes.why_not()


class BetweenSlices(_OfVolumes):
    """Fills an object in between the slices in which it was painted or approved."""

    name = "between slices"
    title = "Fill the object in between its slices"
    key = "I"

    def turn_on(self) -> None:
        """Fill it in."""
        across = slices_across(self._label_layers)
        self._label_layers.session.shapes.interpolate(under_cursor(self._label_layers), across=across)


class CopyToNextSlice(_OfVolumes):
    """The object in the next slice as in this one; the view goes there, so that the key can be pressed again."""

    name = "copy slice"
    title = "Copy the object to the next slice"
    key = "Y"

    def __init__(self, label_layers: LabelLayers) -> None:
        super().__init__(label_layers)
        self._at = (0, 0, 0)  # z, y, x of the view
        self._way = 1  # in which slices were last gone through
        self._connections = Connections()
        self._connections.add(label_layers.viewer.dims.events.current_step, self._on_moved)

    def turn_on(self) -> None:
        """Copy it and go there."""
        layer, axis_mapping = masks_of(self._label_layers)
        dims, across = self._label_layers.viewer.dims, slices_across(self._label_layers)
        if dims.ndisplay != 2:
            raise UserError("Copying goes from slice to slice: switch the view to 2D (Ctrl+Y).")
        point = under_cursor(self._label_layers)
        self._label_layers.session.shapes.copy_section(point, self._way, across=across)
        own = axis_mapping.axes.index(across.upper())
        there = np.array(layer.world_to_data(dims.point), float)
        there[own] = point[ORDER.index(across.upper())] + self._way
        dims.set_point(own + dims.ndim - layer.ndim, layer.data_to_world(there)[own])

    def close(self) -> None:
        """Follow the slices no longer."""
        self._connections.close()

    def _on_moved(self, event: object = None) -> None:
        layer, axis_mapping = self._label_layers.labels, self._label_layers.axis_mapping
        if layer is None or axis_mapping is None:
            return
        _, z, y, x = axis_mapping.point(layer.world_to_data(self._label_layers.viewer.dims.point))
        before, self._at = self._at, (round(z), round(y), round(x))
        for one, other in zip(self._at, before, strict=True):
            if one != other:
                self._way = 1 if one > other else -1
