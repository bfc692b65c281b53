"""File > Save Selected Layers: labels in every format that we write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.image.axes import guess_axes, to_volume
from napari_apprentice.data.image.units import PIXEL
from napari_apprentice.errors import UserError
from napari_apprentice.gui.layers import KEPT


def save_labels(path: str, data: Any, options: dict[str, Any]) -> list[str]:
    """Write a labels layer's data with its scale, and its place in the patient when its file said so."""
    array = np.asarray(data[0] if isinstance(data, list | tuple) else data)
    axes = _axes(array.shape, options.get("axis_labels", ()))
    scale = dict(zip(axes, (abs(float(step)) for step in options.get("scale", [1.0] * array.ndim)), strict=True))
    units = dict(zip(axes, map(str, options.get("units", [PIXEL] * array.ndim)), strict=True))
    kept = options.get("metadata", {}).get(KEPT, {})
    volume = to_volume(array, axes, [scale.get(axis, 1.0) for axis in "ZYX"], units["X"], name=Path(path).stem)
    volume.metadata.update(kept.get("metadata", {}))
    write_labels(path, volume.pixels[:, 0], like=volume, measure=False)
    return [path]


def _axes(shape: tuple[int, ...], names: Sequence[str]) -> str:
    """What the layer calls its axes, else the last of T, Z, Y and X: labels have no channels."""
    if not 2 <= len(shape) <= 4:
        raise UserError(f"Labels with {len(shape)} axes cannot be written: keep at most T, Z, Y and X.")
    plain = "TZYX"[-len(shape) :]
    told = guess_axes(shape, names=names, three_d=True) if len(names) == len(shape) else plain
    return told if set(told) <= set("TZYX") else plain
