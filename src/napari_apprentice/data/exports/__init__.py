"""Labels to files that other programs open, one module per format; each lines up with its image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.exports import (
    cellpose,
    cellprofiler,
    dicom_segmentation,
    geojson,
    nifti,
    nrrd,
    omezarr,
    rois,
    table,
    tiff,
)
from napari_apprentice.data.exports.export import ExportRequest, Writer, refuse_image
from napari_apprentice.data.exports.told import read_provenance
from napari_apprentice.data.files import check_labels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.objects.classes import ObjectClasses
from napari_apprentice.data.provenance import Provenance
from napari_apprentice.data.storage import disk
from napari_apprentice.errors import UserError

WRITERS: dict[str, Writer] = {
    ".tif": tiff.write,
    ".tiff": tiff.write,
    ".zarr": omezarr.write,
    ".nii": nifti.write,
    ".nii.gz": nifti.write,
    ".nrrd": nrrd.write,
    ".dcm": dicom_segmentation.write,
    ".zip": rois.write,
    ".geojson": geojson.write,
    ".csv": table.write,
    ".parquet": table.write,
    cellprofiler.SUFFIX: cellprofiler.write,
    cellpose.SUFFIX: cellpose.write,
}
NAMES = {
    ".tif": "OME-TIFF",
    ".zarr": "OME-Zarr labels",
    ".nii.gz": "NIfTI",
    ".nrrd": "NRRD",
    ".dcm": "DICOM segmentation",
    ".zip": "Fiji ROI set",
    ".geojson": "GeoJSON (QuPath)",
    ".csv": "Measurements",
    cellprofiler.SUFFIX: "CellProfiler tables",
    cellpose.SUFFIX: "Cellpose",
}


def write_labels(
    path: str | Path,
    labels: NDArray[Any],
    spacing: tuple[float, float, float] | None = None,
    unit: str | None = None,
    *,
    like: Volume | None = None,
    names: Mapping[int, str] | None = None,
    measure: bool = True,
    colors: Mapping[int, str] | None = None,
    confirmed: NDArray[np.uint8] | None = None,
    provenance: Provenance | None = None,
    first_number: int = 1,
    classes: ObjectClasses | None = None,
) -> None:
    """Write labels where their image lies, in the format that the path's suffix says.

    Parameters
    ----------
    path
        ``.tif`` (OME-TIFF), ``.nii``, ``.nii.gz``, ``.nrrd``, ``.zarr`` (OME-Zarr; ``image.ome.zarr/labels/NAME`` adds
        them to an image), ``.dcm`` (DICOM segmentation of a DICOM image), ``.zip`` (Fiji ROI set), ``.geojson``
        (QuPath), ``.csv`` or ``.parquet`` (a table of measurements), ``.cellprofiler.csv`` (tables of objects and of
        images as CellProfiler has them), ``_seg.npy`` (Cellpose).
    labels
        Ids or classes (T, Z, Y, X), 0 being background.
    spacing, unit
        Between voxels, z y x; empty: those of ``like``, or 1 pixel.
    like
        The image: its spacing, its place in the patient, and the intensities that a table measures.
    names
        What classes are called.
    measure
        Whether a table also has intensities, of ``like``.
    colors
        Of classes, such as "#ff7f0e".
    confirmed
        What was confirmed by hand (T, Z, Y, X), as in a project: 2 for voxels of an object; None: not known.
    provenance
        Where the labels come from; the file says it, and `read_provenance` reads it back.
    first_number
        What tables of CellProfiler call the first frame (``ImageNumber``).
    classes
        Of which class each object is: columns of tables, and what QuPath shows detections by.

    Raises
    ------
    UserError
        When the suffix is none of these, or the file cannot be written. A file appears under its name only when it
        is complete.
    """
    path = disk.checked_path(path)
    writer = writer_of(path)
    image = like or Volume(labels[:, None], name=path.stem)
    image = replace(image, spacing=spacing or image.spacing, unit=image.unit if unit is None else unit)
    if tuple(labels.shape) != image.labels_shape:
        raise UserError(f"Labels of shape {tuple(labels.shape)} do not lie on an image of shape {image.labels_shape}.")
    refuse_image(path, image)
    checked = check_labels(labels, path.name)
    told = (provenance or Provenance(image=image.name)).counted(checked, confirmed)
    try:
        writer(
            path,
            ExportRequest(
                checked,
                image,
                dict(names or {}),
                seen=measure and like is not None,
                colors=dict(colors or {}),
                confirmed=confirmed,
                provenance=told,
                first_number=first_number,
                classes=classes,
            ),
        )
    except OSError as error:
        raise disk.refusal(error, path) from error


__all__ = ["NAMES", "WRITERS", "needs_objects", "read_provenance", "write_labels", "writer_of"]


def needs_objects(path: Path) -> bool:
    """Whether a file in such a format has to have an object, where others can be without."""
    return writer_of(path) in (rois.write, dicom_segmentation.write)


def writer_of(path: Path) -> Writer:
    """What writes such a file; `UserError` that lists the suffixes when nothing does, or for a name that none has."""
    name = disk.checked_path(path).name.lower()
    ends = [suffix for suffix in WRITERS if name.endswith(suffix)]
    if not ends and omezarr.image_above(path) is not None:
        return omezarr.write
    if not ends:
        raise UserError(f"Labels cannot be written as {path.name}: let the name end in {', '.join(WRITERS)}.")
    return WRITERS[max(ends, key=len)]
