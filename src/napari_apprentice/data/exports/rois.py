"""A Fiji ROI set: one polygon for each part of each object in each slice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.exports.outlines import Outline, outlines
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.errors import UserError


def write(path: Path, export: ExportRequest) -> None:
    """Write a zip of ROIs, named by id (or class), slice and frame; `UserError` when there is no object."""
    import roifile

    found = [roi for outline in outlines(export.labels) for roi in _rois(outline, export)]
    if not found:
        raise UserError(f"There is no object to write to {path}: segment or paint first.")
    with atomic_write(path) as part:
        roifile.roiwrite(part, found, mode="w")


def _rois(outline: Outline, export: ExportRequest) -> list[Any]:
    import roifile

    t, z, _, _ = export.labels.shape
    name = export.names.get(outline.value, f"{outline.value:04}")
    where = (f"-z{outline.slice + 1}" if z > 1 else "") + (f"-t{outline.time + 1}" if t > 1 else "")
    made: list[Any] = []
    for place, ring in enumerate(outline.rings):
        more = f"-{place + 1}" if len(outline.rings) > 1 else ""
        roi = roifile.ImagejRoi.frompoints(np.asarray(ring[:-1], np.float32), name=f"{name}{where}{more}")
        roi.roitype = roifile.ROI_TYPE.POLYGON
        if z > 1:
            roi.z_position = outline.slice + 1
        if t > 1:
            roi.t_position = outline.time + 1
        if z > 1 or t > 1:
            roi.c_position = 1
        made.append(roi)
    return made
