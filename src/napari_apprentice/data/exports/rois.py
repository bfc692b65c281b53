"""A Fiji ROI set: one polygon for each part of each object in each slice, and where it comes from in the zip's comment.

Where a ROI lies is told as ImageJ does (``Roi.setPosition(ImagePlus)``): in a hyperstack, an image in which at least
two of channels, slices and frames are several, by channel, slice and frame; in a plain stack by the number of its
image. A ROI has one or the other: with channel, slice or frame in its file, ImageJ's ``RoiDecoder`` sets the plain
position to 0, which is "all images".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import ZIP_MAX_COMMENT, ZipFile

import numpy as np

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.exports.outlines import Outline, outlines
from napari_apprentice.data.image.channels import CHOSEN
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.errors import UserError

_ALL_CHANNELS = 0


def write(path: Path, export: ExportRequest) -> None:
    """Write a zip of ROIs, named by id (or class), slice and frame; `UserError` when there is no object."""
    import roifile

    found = [roi for outline in outlines(export.labels) for roi in _rois(outline, export)]
    if not found:
        raise UserError(f"There is no object to write to {path}: segment or paint first.")
    with atomic_write(path) as part:
        roifile.roiwrite(part, found, mode="w")
        with ZipFile(part, "a") as file:
            file.comment = export.provenance.text(ZIP_MAX_COMMENT).encode("ascii")


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
        _place(roi, outline, export.image)
        made.append(roi)
    return made


def _place(roi: Any, outline: Outline, image: Volume) -> None:
    """Say in which image of the stack a ROI lies; of one that is no stack, nothing."""
    t, channels, z, _, _ = image.pixels.shape
    if image.metadata.get("rgb"):
        channels = 1  # ImageJ has colour in one image
    elif image.metadata.get(CHOSEN):
        channels = max(2, channels)  # in the file there are others
    if sum(n > 1 for n in (channels, z, t)) > 1:
        roi.c_position = 1 if channels == 1 else _ALL_CHANNELS
        roi.z_position = outline.slice + 1
        roi.t_position = outline.time + 1
    elif z > 1 or t > 1:
        roi.position = 1 + (outline.slice if z > 1 else outline.time)
