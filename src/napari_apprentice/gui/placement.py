"""Where a layer of labels lies: on its image, whatever scale, position and unit that has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.gui.axis_mapping import AxisMapping


def placement(layer: Layer, axis_mapping: AxisMapping) -> dict[str, Any]:
    """Scale, position, units and axis names of a labels layer that lies on an image layer."""
    kept = list(axis_mapping.kept)
    scale = np.asarray(layer.scale)[kept]
    matrix, origin = _to_world(layer)
    matrix, origin = matrix[np.ix_(kept, kept)], origin[kept]
    placed: dict[str, Any] = {
        "scale": scale,
        "units": [str(unit) for unit in np.asarray(layer.units, object)[kept]],
        "axis_labels": [layer.axis_labels[i] for i in kept],
    }
    if np.allclose(matrix, np.diag(scale)):
        return {**placed, "translate": origin, "affine": np.eye(len(kept) + 1)}
    affine = np.eye(len(kept) + 1)
    affine[:-1, :-1] = matrix / scale
    affine[:-1, -1] = origin
    return {**placed, "affine": affine}


def placement_of(volume: Volume, axis_mapping: AxisMapping) -> dict[str, Any]:
    """The same from an image whose layer is gone."""
    steps = dict(zip("ZYX", volume.spacing, strict=True))
    return {
        "scale": [steps.get(a, 1.0) for a in axis_mapping.axes],
        "translate": [0.0] * axis_mapping.ndim,
        "units": [volume.unit if a in steps else PIXEL for a in axis_mapping.axes],
    }


def shift_place(placed: dict[str, Any], corner: Sequence[float]) -> dict[str, Any]:
    """Where a part of an image lies whose first voxel is ``corner``, when the image lies as ``placed``."""
    steps = np.asarray(placed["scale"], float)
    before = np.asarray(placed.get("translate", np.zeros(len(steps))), float)
    return {**placed, "translate": before + steps * np.asarray(corner, float)}


def _to_world(layer: Layer) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The linear part and the origin of data to world."""
    origin = np.asarray(layer.data_to_world(np.zeros(layer.ndim)), float)
    columns = [np.asarray(layer.data_to_world(row), float) - origin for row in np.eye(layer.ndim)]
    return np.stack(columns, axis=1), origin
