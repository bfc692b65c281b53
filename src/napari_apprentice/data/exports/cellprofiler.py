"""Tables as CellProfiler's *ExportToSpreadsheet* writes them: a row for each object, and one for each image.

``NAME.cellprofiler.csv`` has the objects, ``NAME.cellprofiler_image.csv`` beside it the images; they go together by
``ImageNumber``. Each frame is an image of its own, as in CellProfiler. Lengths are in pixels; intensities are those of
the file, which CellProfiler itself would scale to 0 to 1. ``ObjectNumber`` is the id in the labels.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.exports.table import regions_of
from napari_apprentice.data.image.channels import names_of
from napari_apprentice.data.objects.classes import NAME, PROBABILITY
from napari_apprentice.data.provenance import provenance_in, shares_of
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.data.storage.side_files import refuse_others

SUFFIX = ".cellprofiler.csv"
_TOLD = "Metadata_Provenance"
_LONGEST = 1 << 30  # letters of a field: where labels come from is one
OBJECTS = "Objects"  # what CellProfiler would have the objects called
_SHAPES = {
    "num_pixels": "AreaShape_Area",
    "area_bbox": "AreaShape_BoundingBoxArea",
    "area_convex": "AreaShape_ConvexArea",
    "eccentricity": "AreaShape_Eccentricity",
    "equivalent_diameter_area": "AreaShape_EquivalentDiameter",
    "euler_number": "AreaShape_EulerNumber",
    "extent": "AreaShape_Extent",
    "axis_major_length": "AreaShape_MajorAxisLength",
    "axis_minor_length": "AreaShape_MinorAxisLength",
    "perimeter": "AreaShape_Perimeter",
    "solidity": "AreaShape_Solidity",
}
_ONLY_2D = ("area_convex", "eccentricity", "axis_major_length", "axis_minor_length", "perimeter", "solidity")
_INTENSITIES = {"mean": "MeanIntensity", "min": "MinIntensity", "max": "MaxIntensity", "std": "StdIntensity"}


def write(path: Path, export: ExportRequest) -> None:
    """Write both tables; each appears under its name only when it is complete."""
    refuse_others(image_table_of(path), path, lambda side: provenance_in(provenance_of(side)) is not None)
    flat_pixels = replace(export, image=replace(export.image, spacing=(1.0, 1.0, 1.0), unit="pixel"))
    tables = [_objects_of(flat_pixels, frame) for frame in range(len(export.labels))]
    with ExitStack() as open_files:
        parts = [open_files.enter_context(atomic_write(one)) for one in (path, image_table_of(path))]
        _write(parts[0], list(tables[0]), [row for table in tables for row in zip(*table.values(), strict=True)])
        images = [_image(export, frame, len(table["ObjectNumber"])) for frame, table in enumerate(tables)]
        _write(parts[1], list(images[0]), [tuple(one.values()) for one in images])


def image_table_of(path: Path) -> Path:
    """Where the table of images lies."""
    return path.with_name(path.name[: -len(".csv")] + "_image.csv")


def provenance_of(table: Path) -> str:
    """What a table of images says of where its objects come from; raises as reading and csv do."""
    return image_rows(table)[0][_TOLD]


def image_rows(table: Path) -> list[dict[str, str]]:
    """What a table of images says, a row for each; raises as reading and csv do."""
    csv.field_size_limit(_LONGEST)
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(path: Path, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(rows)


def _objects_of(export: ExportRequest, frame: int) -> dict[str, Any]:
    """The columns of a frame; those of a volume have a Z, and no measure that there is only in a plane."""
    image = export.image
    flat = not image.is_3d
    axes = "YX" if flat else "ZYX"
    wanted = [name for name in _SHAPES if flat or name not in _ONLY_2D]
    found = regions_of(export, frame, ["label", "centroid", "bbox", *wanted])
    ids = found["label"].astype(np.int64)
    table: dict[str, Any] = {"ImageNumber": np.full(len(ids), export.first_number + frame), "ObjectNumber": ids}
    if export.names:
        table["Metadata_Class"] = [export.names.get(int(one), "") for one in ids]
    if export.classes is not None:
        told = export.classes.columns((np.int64(frame) << 32) | ids)
        table["Metadata_Class"], table["Classify_Probability"] = told[NAME], told[PROBABILITY]
    for name in wanted:
        key = "AreaShape_Volume" if name == "num_pixels" and not flat else _SHAPES[name]
        table[key] = found[name]
    for place, axis in sorted(enumerate(axes), key=lambda one: one[1]):
        table[f"AreaShape_BoundingBoxMinimum_{axis}"] = found[f"bbox-{place}"]
        table[f"AreaShape_BoundingBoxMaximum_{axis}"] = found[f"bbox-{place + len(axes)}"]
    for prefix in ("AreaShape_Center", "Location_Center"):
        for place, axis in sorted(enumerate(axes), key=lambda one: one[1]):
            table[f"{prefix}_{axis}"] = found[f"centroid-{place}"]
    if flat:
        around = np.maximum(found["perimeter"], 1e-9)
        table["AreaShape_FormFactor"] = 4 * np.pi * found["num_pixels"] / around**2
    if export.seen:
        table |= _intensities_of(export, frame, found["num_pixels"])
    table["Number_Object_Number"] = ids
    if image.labels_shape[0] > 1:
        table["TrackObjects_Label"] = ids
    if export.confirmed is not None:
        shares = shares_of(export.labels[frame], export.confirmed[frame])
        table["Confirmed_Share"] = [shares.get(int(one), 0.0) for one in ids]
    return table


def _intensities_of(export: ExportRequest, frame: int, voxels: NDArray[Any]) -> dict[str, Any]:
    found = regions_of(export, frame, [f"intensity_{name}" for name in _INTENSITIES], intensities=True)
    names, table = names_of(export.image), {}
    for channel, name in enumerate(names):
        said = _word(name)
        number = "" if f"intensity_mean-{channel}" not in found else f"-{channel}"
        for key, column in _INTENSITIES.items():
            table[f"Intensity_{column}_{said}"] = found[f"intensity_{key}{number}"]
        table[f"Intensity_IntegratedIntensity_{said}"] = found[f"intensity_mean{number}"] * voxels
    return table


def _image(export: ExportRequest, frame: int, objects: int) -> dict[str, Any]:
    image, told = export.image, export.provenance
    file = Path(image.source or image.name)
    row: dict[str, Any] = {"ImageNumber": export.first_number + frame, f"Count_{OBJECTS}": objects}
    for name in names_of(image):
        row[f"FileName_{_word(name)}"] = file.name
        row[f"PathName_{_word(name)}"] = str(file.parent) if image.source else ""
    t, _, _, y, x = image.pixels.shape
    row |= {f"Height_{OBJECTS}": y, f"Width_{OBJECTS}": x}
    if t > 1:
        row["Metadata_T"] = frame
    row |= {f"Metadata_PixelSize{axis}": step for axis, step in zip("ZYX", image.spacing, strict=True)}
    row |= {"Metadata_PixelSizeUnit": image.unit, "Metadata_Product": told.product, "Metadata_Version": told.version}
    row["Metadata_Model"] = "; ".join(one.model.name for one in told.masks)
    row[_TOLD] = told.text()
    return row


def _word(name: str) -> str:
    """A channel as CellProfiler may name an image: letters, digits and underscores."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)
