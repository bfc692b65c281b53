"""File > Save Selected Layers: labels in every format that we write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.axes import guess_axes, to_volume
from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.units import PIXEL
from napari_apprentice.gui.layers import KEPT


def save_labels(path: str, data: Any, options: dict[str, Any]) -> list[str]:
    """Write a labels layer's data with its scale, and its place in the patient when its file said so."""
    array = np.asarray(data[0] if isinstance(data, list | tuple) else data)
    axes = guess_axes(array.shape, names=options.get("axis_labels", ()), three_d=array.ndim == 3)
    scale = dict(zip(axes, (abs(float(step)) for step in options.get("scale", [1.0] * array.ndim)), strict=True))
    units = dict(zip(axes, map(str, options.get("units", [PIXEL] * array.ndim)), strict=True))
    kept = options.get("metadata", {}).get(KEPT, {})
    volume = to_volume(array, axes, [scale.get(axis, 1.0) for axis in "ZYX"], units["X"], name=Path(path).stem)
    volume.metadata.update(kept.get("metadata", {}))
    write_labels(path, volume.pixels[:, 0], like=volume)
    return [path]
