"""What of the masks layer is seen, and what is to be seen of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_apprentice.errors import UserError
from napari_apprentice.gui.footprint import ORDER, Footprint
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


def look_at(stage: Stage, point: Sequence[float], edge: float = 0.0, least_px: float = 0.0) -> None:
    """Bring a voxel (t, z, y, x) of the labels to the middle of the canvas, whichever frame and slice it is in.

    What is ``edge`` voxels wide is shown with ``least_px`` pixels or more: then the view comes closer.
    """
    masks, footprint = stage.labels, stage.footprint
    if masks is None or footprint is None:
        return
    found = dict(zip(ORDER, point, strict=True))
    world = masks.data_to_world([found.get(axis, 0.0) for axis in footprint.axes])
    dims, camera = stage.viewer.dims, stage.viewer.scene.camera
    world = [*dims.point[: dims.ndim - masks.ndim], *world]
    letters = "-" * (dims.ndim - masks.ndim) + footprint.axes
    for axis in dims.not_displayed:
        if letters[axis] in found:  # a channel stays
            dims.set_point(axis, world[axis])
    shown = [world[axis] for axis in dims.displayed]
    if edge > 0:
        camera.zoom = max(camera.zoom, least_px / (edge * abs(float(masks.scale[-1]))))
    camera.center = (*camera.center[: 3 - len(shown)], *shown)
