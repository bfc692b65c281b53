"""What of the masks layer is seen, and what is to be seen of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.directions import AXES, SliceAxis
from napari_apprentice.errors import UserError
from napari_apprentice.gui.axis_mapping import ORDER, AxisMapping
from napari_apprentice.gui.label_layers import LabelLayers
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.napari_names import view_direction

_SHARES = 0.1, 0.17, 0.25  # of the canvas that a typical object takes: at least, when it is brought there, at most
_LARGEST = 0.5  # of the canvas that what is brought there takes
_LEAST_VOXELS = 24  # it is shown as if it was at least so wide


def masks_of(label_layers: LabelLayers) -> tuple[ApprenticeLabels, AxisMapping]:
    """The masks layer and how the masks lie in it; `UserError` when there is none."""
    if label_layers.labels is None or label_layers.axis_mapping is None:
        raise UserError("There is no masks layer: open an image, or show its masks again.")
    return label_layers.labels, label_layers.axis_mapping


def visible_edges(label_layers: LabelLayers, *, whole_plane: bool) -> list[tuple[int, int]]:
    """(start, stop) for each dimension of the masks layer of what is seen of it; `UserError` when nothing is."""
    layer, _ = masks_of(label_layers)
    if label_layers.viewer.dims.ndisplay != 2:
        raise UserError("In 3D display it is not clear what you see: switch the view to 2D (Ctrl+Y).")
    displayed = [i - (label_layers.viewer.dims.ndim - layer.ndim) for i in label_layers.viewer.dims.displayed]
    at = layer.world_to_data(label_layers.viewer.dims.point)
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


def slices_across(label_layers: LabelLayers) -> SliceAxis:
    """Which axis goes from slice to slice as the volume is shown now: z, unless the view was turned (Ctrl+E)."""
    layer, axis_mapping = masks_of(label_layers)
    dims = label_layers.viewer.dims
    first = dims.ndim - layer.ndim
    for axis, letter in zip(AXES, "ZYX", strict=True):
        if letter in axis_mapping.axes and axis_mapping.axes.index(letter) + first not in dims.displayed:
            return axis
    return "z"


def under_cursor(label_layers: LabelLayers) -> tuple[int, int, int, int]:
    """`voxel_at` the cursor, in the slice that is shown: it may be another one since the mouse was moved last."""
    viewer = label_layers.viewer
    position = np.array(viewer.cursor.position, float)
    for axis in viewer.dims.not_displayed:
        position[axis] = viewer.dims.point[axis]
    return voxel_at(label_layers, position, view_direction(viewer))


def voxel_at(label_layers: LabelLayers, position: Any, direction: Any) -> tuple[int, int, int, int]:
    """The voxel (t, z, y, x) of the labels at a position in world coordinates.

    In 3D display it is the first of an object on the ray from there along ``direction``, as when napari picks a label;
    `UserError` when the ray meets none.
    """
    layer, axis_mapping = masks_of(label_layers)
    found = layer.world_to_data(position)
    dims = label_layers.viewer.dims
    if dims.ndisplay == 3 and layer.ndim > 2:
        found = _first_on_ray(layer, position, direction, [i - (dims.ndim - layer.ndim) for i in dims.displayed])
    t, z, y, x = (round(i) for i in axis_mapping.point(found))
    return t, z, y, x


def slice_points(label_layers: LabelLayers, path: Any) -> NDArray[np.float64]:
    """Positions in world coordinates as (t, z, y, x) of the labels (count, 4); `UserError` in 3D display."""
    layer, axis_mapping = masks_of(label_layers)
    if label_layers.viewer.dims.ndisplay != 2:
        raise UserError("This is done on slices: switch the view to 2D (Ctrl+Y).")
    return np.array([axis_mapping.point(layer.world_to_data(at)) for at in path])


def bring_into_view(
    label_layers: LabelLayers, point: Sequence[float], box: Sequence[tuple[int, int]], usual: float | None = None
) -> None:
    """Bring a voxel (t, z, y, x) of the labels and what is around it, (start, stop) for each, to the canvas.

    An object of ``usual`` width, in voxels, takes about a sixth of the canvas, so that its neighbours are seen, and the
    box at most half of it; where they do already, the zoom stays. Without a usual width it is the box that takes it.
    """
    masks, axis_mapping, viewer = label_layers.labels, label_layers.axis_mapping, label_layers.viewer
    if masks is None or axis_mapping is None:
        return
    first = viewer.dims.ndim - masks.ndim
    middle, wide = list(point), dict(zip(ORDER, (stop - start for start, stop in box), strict=True))
    for axis in viewer.dims.displayed:
        letter = axis_mapping.axes[axis - first] if axis >= first else ""
        if letter in wide:
            start, stop = box[ORDER.index(letter)]
            middle[ORDER.index(letter)] = (start + stop - 1) / 2
    look_at(label_layers, middle)
    sizes = [
        max(wide.get(axis_mapping.axes[axis - first], 1), _LEAST_VOXELS) * abs(float(masks.scale[axis - first]))
        for axis in viewer.dims.displayed
        if axis >= first
    ]
    fits = min(viewer.canvas.size) / max(sizes)
    low, wanted, high = _SHARES
    if usual is not None:
        across = max(usual, _LEAST_VOXELS) * abs(float(masks.scale[-1]))
        low, wanted, high = (min(share * max(sizes) / across, _LARGEST) for share in _SHARES)
    if not low <= viewer.scene.camera.zoom / fits <= high:
        viewer.scene.camera.zoom = wanted * fits


def _first_on_ray(layer: ApprenticeLabels, position: Any, direction: Any, displayed: list[int]) -> NDArray[np.int64]:
    """The first voxel on a ray, in the layer's data, that shows an object."""
    start, stop = layer.get_ray_intersections(position, direction, displayed)
    if start is None or stop is None:
        raise UserError("There is no object here: the ray from the cursor passes the image by.")
    points = np.linspace(start, stop, 2 * int(np.linalg.norm(stop - start)) + 2)
    at = np.round(layer.world_to_data(position)).astype(np.int64)
    voxels = np.broadcast_to(at, points.shape).copy()
    voxels[:, displayed] = np.floor(points[:, displayed])
    voxels = np.clip(voxels, 0, np.array(layer.data.shape) - 1)
    values = layer.data[tuple(voxels.T)]
    is_shown = values == layer.selected_label if layer.show_selected_label else values > 0
    if not is_shown.any():
        raise UserError("There is no object here: click one, or turn the view until it is in front.")
    first: NDArray[np.int64] = voxels[int(np.argmax(is_shown))]
    return first


def look_at(label_layers: LabelLayers, point: Sequence[float], edge: float = 0.0, least_px: float = 0.0) -> None:
    """Bring a voxel (t, z, y, x) of the labels to the middle of the canvas, whichever frame and slice it is in.

    What is ``edge`` voxels wide is shown with ``least_px`` pixels or more: then the view comes closer.
    """
    masks, axis_mapping = label_layers.labels, label_layers.axis_mapping
    if masks is None or axis_mapping is None:
        return
    found = dict(zip(ORDER, point, strict=True))
    world = masks.data_to_world([found.get(axis, 0.0) for axis in axis_mapping.axes])
    dims, camera = label_layers.viewer.dims, label_layers.viewer.scene.camera
    world = [*dims.point[: dims.ndim - masks.ndim], *world]
    letters = "-" * (dims.ndim - masks.ndim) + axis_mapping.axes
    for axis in dims.not_displayed:
        if letters[axis] in found:  # a channel stays
            dims.set_point(axis, world[axis])
    shown = [world[axis] for axis in dims.displayed]
    if edge > 0:
        camera.zoom = max(camera.zoom, least_px / (edge * abs(float(masks.scale[-1]))))
    camera.center = (*camera.center[: 3 - len(shown)], *shown)
