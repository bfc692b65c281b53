"""The private names of napari that recording strokes rests on, looked for before anything is edited.

napari has no public event that comes before labels are written and includes the voxels that keep their value. Where a
later napari names or calls these otherwise, strokes would change labels and be in no journal: they are refused instead.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import napari
import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels

TESTED = "0.9.2"


@dataclass(frozen=True)
class PrivateName:
    """A name of `napari.layers.Labels` and what `ApprenticeLabels` does with it.

    ``parameters``: those of a method, without ``self``; None for what is no method.
    """

    name: str
    parameters: tuple[str, ...] | None
    used_for: str


PRIVATE_NAMES = (
    PrivateName(
        "_apply_mask_to_data",
        ("data", "mask", "new_label", "volume_slice"),
        "brush, fill and polygon write here: voxels are recorded, also those that had the value already",
    ),
    PrivateName(
        "_draw", ("new_label", "last_cursor_coord", "coordinates"), "in the 3D view the mouse may be beside the image"
    ),
    PrivateName("_get_preserve_labels_source_label", ("new_label",), "which voxels 'preserve labels' keeps"),
    PrivateName(
        "_get_flood_mask_and_bbox", ("coord", "new_label", "dims_to_paint"), "filling an object with its own id"
    ),
    PrivateName("_save_history", ("value",), "napari's own undo stays empty"),
    PrivateName("_begin_stroke", (), "encircling over several clicks is one step"),
    PrivateName("_commit_stroke", (), "the same, done"),
    PrivateName("_abort_stroke", (), "the same, broken off"),
    PrivateName("_slice_input", None, "which slice is shown: of a large image it may not be open"),
)


def canvas_of(viewer: Any) -> Any:
    """The vispy canvas of a viewer; None where it has no window, or a later napari keeps it elsewhere."""
    window = getattr(viewer, "window", None)
    return getattr(getattr(getattr(window, "_qt_viewer", None), "canvas", None), "_scene_canvas", None)


def view_direction(viewer: ViewerModel) -> Any:
    """Where one looks under the cursor, in world coordinates, for keys: napari tells it to clicks only.

    Its cursor keeps it under a private name, which minds perspective; where that is gone, the camera's is near.
    """
    kept = getattr(viewer.cursor, "_view_direction", None)
    camera, dims = viewer.scene.camera, viewer.dims
    return kept if kept is not None else camera.calculate_nd_view_direction(dims.ndim, dims.displayed)


def why_not_edit() -> str:
    """One sentence on why strokes in this napari could not be recorded, or "" when they can."""
    lacking = next((said for one in PRIVATE_NAMES if (said := _lacking(one))), "") or _rehearsed()
    if not lacking:
        return ""
    return (
        f"Masks cannot be painted with napari {napari.__version__}, which {lacking}, so that strokes would be lost: "
        f"update napari-apprentice, or go back to napari {TESTED}; looking, segmenting and approving go on."
    )


def _lacking(needed: PrivateName) -> str:
    found = getattr(Labels, needed.name, None)
    if found is None:
        return f"has no Labels.{needed.name}"
    if needed.parameters is None:
        return ""
    if not callable(found):
        return f"has another Labels.{needed.name}"
    _, *parameters = inspect.signature(found).parameters
    return "" if tuple(parameters) == needed.parameters else f"has another Labels.{needed.name}"


class _Rehearsal(Labels):
    """Hears what is painted as `ApprenticeLabels` does."""

    def __init__(self) -> None:
        self.heard: list[int] = []
        super().__init__(np.zeros((9, 9), np.uint8))

    def _apply_mask_to_data(self, data: Any, mask: Any, new_label: int, volume_slice: Any) -> Any:
        self.heard.append(int(np.count_nonzero(mask)))
        return super()._apply_mask_to_data(data, mask, new_label, volume_slice)


def _rehearsed() -> str:
    """Paint, fill and draw on a few voxels, and see that each is heard with all voxels under it."""
    try:
        layer = _Rehearsal()
        layer.brush_size = 1
        layer.paint((4, 4), 1)
        layer.paint((4, 4), 1)  # changes nothing, and confirms
        layer.fill((0, 0), 2)
        layer.paint_polygon([(0, 0), (0, 2), (2, 2), (2, 0)], 3)
        draws_polygons = isinstance(layer._overlays["polygon"].points, list)
    except Exception as error:  # whatever a later napari makes of it
        return f"paints otherwise ({type(error).__name__})"
    return "" if draws_polygons and layer.heard == [1, 1, 80, 9] else "paints otherwise"
