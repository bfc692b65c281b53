"""What of the masks layer is seen."""

from __future__ import annotations

import numpy as np

from napari_apprentice.errors import UserError
from napari_apprentice.gui.footprint import Footprint
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.stage import Stage


def masks_of(stage: Stage) -> tuple[ApprenticeLabels, Footprint]:
    """The masks layer and how the masks lie in it; `UserError` when there is none."""
    if stage.labels is None or stage.footprint is None:
        raise UserError("There is no masks layer: open an image, or show its masks again.")
    return stage.labels, stage.footprint


def visible_edges(stage: Stage, *, whole_plane: bool) -> list[tuple[int, int]]:
    """(start, stop) for each dimension of the masks layer of what is seen of it; `UserError` when nothing is."""
    layer, _ = masks_of(stage)
    if stage.viewer.dims.ndisplay != 2:
        raise UserError("In 3D display it is not clear what you see: switch the view to 2D (Ctrl+Y).")
    displayed = [i - (stage.viewer.dims.ndim - layer.ndim) for i in stage.viewer.dims.displayed]
    at = layer.world_to_data(stage.viewer.dims.point)
    edges: list[tuple[int, int]] = []
    for axis, length in enumerate(layer.data.shape):
        if axis in displayed and whole_plane:
            edges.append((0, length))
        elif axis in displayed:
            first, last = np.sort(layer.corner_pixels[:, axis])
            edges.append((max(0, int(first)), min(length, int(last) + 1)))
        else:
            index = round(float(at[axis]))
            edges.append((index, index + 1) if 0 <= index < length else (0, 0))
    if any(start >= stop for start, stop in edges):
        raise UserError("Nothing of the image is in view: press Home in the viewer to bring it back.")
    return edges
