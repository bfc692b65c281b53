"""Rows on the canvas: outlines of the selected objects, the camera that goes to one, the object that is clicked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.object_edits import voxels_of_objects
from napari_apprentice.data.objects.table import Objects
from napari_apprentice.errors import UserError
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.tools.canvas import MOST_MOVED
from napari_apprentice.gui.tools.move import Move
from napari_apprentice.gui.tools.outline import OutlineLayer
from napari_apprentice.gui.tools.pick import Pick
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.gui.tools.view import look_at, voxel_at

_MOST_VOXELS = 1 << 22  # that are outlined; of more objects the first ones
_LEAST_PX, _SMALLEST = 70.0, 15.0  # as for mistakes: so large it is shown, as if it was so many voxels wide
_CLICKED_WITH = (Move.name, Pick.name)


class ObjectsOnCanvas:
    """``clicked`` is called with frame and id of the object that is clicked while the view is moved, or a label picked.

    It listens to the canvas while it is on.
    """

    def __init__(self, tools: Tools, clicked: Callable[[int, int], None]) -> None:
        self._tools = tools
        self._label_layers: LabelLayers = tools.label_layers
        self._clicked = clicked
        self._outline = OutlineLayer(self._label_layers, "selected objects")
        self._is_on = False

    def set_on(self, on: bool) -> None:
        """Begin or end listening; without it nothing is outlined."""
        callbacks = self._label_layers.viewer.mouse_drag_callbacks
        if on and not self._is_on:
            callbacks.append(self._on_press)
        elif self._is_on and not on:
            callbacks.remove(self._on_press)
            self._outline.drop()
        self._is_on = on

    def close(self) -> None:
        """Leave the canvas as it was."""
        self.set_on(False)
        self._outline.close()

    def outline(self, objects: Objects, voxels: NDArray[np.int64]) -> None:
        """Outline ``objects`` (n, 2), frames and ids of so many ``voxels`` each, in the frame of the first of them."""
        entry = self._label_layers.entry
        if entry is None or not self._is_on or len(objects) == 0:
            self._outline.hide()
            return
        here = objects[:, 0] == objects[0, 0]
        some = objects[here][np.cumsum(voxels[here]) <= max(_MOST_VOXELS, int(voxels[0]))]
        where = voxels_of_objects(entry.labels, some)
        if len(where) == 0:
            self._outline.hide()
            return
        self._outline.show(*_mask(where, entry.labels.shape))

    def go_to(self, frame: int, number: int) -> None:
        """Bring an object to the middle of the canvas, in the slice with most of it, large enough to be seen."""
        entry = self._label_layers.entry
        if entry is None:
            return
        where = voxels_of_objects(entry.labels, np.array([[frame, number]]))
        if len(where) == 0:
            return
        t, z, y, x = np.unravel_index(where, entry.labels.shape)
        section = z == np.bincount(z).argmax()
        middle = np.median(y[section]), np.median(x[section])
        nearest = int(np.argmin((y[section] - middle[0]) ** 2 + (x[section] - middle[1]) ** 2))
        point = [float(axis[section][nearest]) for axis in (t, z, y, x)]
        edge = max(_SMALLEST, float(np.ptp(y[section])) + 1, float(np.ptp(x[section])) + 1)
        look_at(self._label_layers, point, edge=edge, least_px=_LEAST_PX)

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        if event.button != 1 or event.modifiers or self._tools.current not in _CLICKED_WITH:
            return
        start, moved = np.asarray(event.pos, float), 0.0
        position, direction = event.position, event.view_direction
        yield
        while event.type == "mouse_move":
            moved = max(moved, float(np.abs(np.asarray(event.pos, float) - start).max()))
            yield
        entry = self._label_layers.entry
        if moved > MOST_MOVED or entry is None:
            return
        try:
            t, z, y, x = voxel_at(self._label_layers, position, direction)
        except UserError:  # in the 3D view beside all objects
            return
        if all(0 <= at < n for at, n in zip((t, z, y, x), entry.labels.shape, strict=True)):
            number = int(entry.labels[t, z, y, x])
            if number:
                self._clicked(t, number)


def _mask(where: NDArray[np.int64], shape: tuple[int, ...]) -> tuple[NDArray[np.bool_], list[tuple[int, int]]]:
    """Voxels as a mask over the smallest box around them."""
    places = np.unravel_index(where, shape)
    box = [(int(at.min()), int(at.max()) + 1) for at in places]
    mask = np.zeros([stop - start for start, stop in box], bool)
    mask[tuple(at - start for at, (start, _) in zip(places, box, strict=True))] = True
    return mask, box
