"""Say that what is seen is right: one object, the field of view, a slice, the image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from napari_apprentice.errors import UserError
from napari_apprentice.gui.footprint import Footprint
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.stage import Stage
from napari_apprentice.session.large_entry import LargeEntry


def approve_object(stage: Stage, position: Any = None) -> None:
    """The object at a position in world coordinates; None: under the cursor."""
    layer, footprint = _masks(stage)
    at = layer.world_to_data(stage.viewer.cursor.position if position is None else position)
    t, z, y, x = (round(i) for i in footprint.point(at))
    stage.session.edits.approve_object((t, z, y, x))


def approve_view(stage: Stage) -> None:
    """What the canvas shows now; in a volume the slice that is shown."""
    _approve(stage, whole_plane=False)


def approve_slice(stage: Stage) -> None:
    """The slice that is shown, all of it."""
    _approve(stage, whole_plane=True)


def approve_image(stage: Stage) -> None:
    """Everything; of a large image all that is open."""
    _masks(stage)
    stage.session.edits.approve_region((slice(None),) * 4)
    if isinstance(stage.entry, LargeEntry):
        stage.session.said.emit(
            "All of the open part is vouched for now, the framed one; other parts are as they were."
        )


def visible_edges(stage: Stage, *, whole_plane: bool) -> list[tuple[int, int]]:
    """(start, stop) for each dimension of the masks layer of what is seen of it; `UserError` when nothing is."""
    layer, _ = _masks(stage)
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


def _approve(stage: Stage, *, whole_plane: bool) -> None:
    _, footprint = _masks(stage)
    stage.session.edits.approve_region(footprint.box(visible_edges(stage, whole_plane=whole_plane)))


def _masks(stage: Stage) -> tuple[ApprenticeLabels, Footprint]:
    if stage.labels is None or stage.footprint is None:
        raise UserError("There is no masks layer: open an image, or show its masks again.")
    return stage.labels, stage.footprint


APPROVALS: dict[str, Callable[[Stage], None]] = {
    "object": approve_object,
    "view": approve_view,
    "slice": approve_slice,
    "image": approve_image,
}
