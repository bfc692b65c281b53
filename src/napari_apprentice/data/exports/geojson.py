"""GeoJSON as QuPath reads it: one feature for each object (each class region) of each slice, in pixels.

Objects are detections, areas of classes are annotations, as QuPath 0.4 and newer write them: an id (UUID) that is the
same whenever the same object is written, a class with its colour, and measurements by name. Where all of it comes from
is a member of the collection, which QuPath passes over.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.exports.outlines import Outline, outlines
from napari_apprentice.data.exports.palette import parts_of
from napari_apprentice.data.exports.table import measure_objects
from napari_apprentice.data.objects.names import CLASS, FRAME, LABEL, PARENT
from napari_apprentice.data.provenance import KEY, Provenance
from napari_apprentice.data.storage.atomic_write import atomic_write

_ALL_CHANNELS = -1
_NO_NUMBERS = (LABEL, FRAME, PARENT, CLASS)
_Measured = Mapping[tuple[int, int], Mapping[str, float]]


def write(path: Path, export: ExportRequest) -> None:
    """Write a feature collection; a hole is a hole, an object in several parts a multipolygon."""
    for _ in write_parts(path, [(1.0, export)], export.provenance):
        pass


def write_parts(
    path: Path, parts: Iterable[tuple[float, ExportRequest | None]], provenance: Provenance
) -> Iterator[float]:
    """The same for labels that come in parts, each with whole objects; hands on the share that is done."""
    with atomic_write(path) as part, part.open("w", encoding="utf-8") as file:
        file.write(f'{{"type": "FeatureCollection", "{KEY}": {provenance.text()}, "features": [')
        between = "\n"
        for share, export in parts:
            for feature in [] if export is None else _features(export):
                file.write(between + json.dumps(feature))
                between = ",\n"
            yield share
        file.write("\n]}\n")


def _features(export: ExportRequest) -> Iterator[dict[str, Any]]:
    measured = _measurements(export) if export.labels.any() else {}
    return (_feature(outline, export, measured) for outline in outlines(export.labels, export.corner))


def _measurements(export: ExportRequest) -> _Measured:
    """What the table has of each object, by frame and id; numbers that are none left out."""
    columns = measure_objects(export)
    frames = columns.get(FRAME, [export.corner[0]] * len(columns[LABEL]))
    numbers = {name: values for name, values in columns.items() if name not in _NO_NUMBERS}
    rows = zip(*numbers.values(), strict=True)
    return {
        (int(frame), int(label)): {
            name: float(value) for name, value in zip(numbers, row, strict=True) if math.isfinite(value)
        }
        for frame, label, row in zip(frames, columns[LABEL], rows, strict=True)
    }


def _feature(outline: Outline, export: ExportRequest, measured: _Measured) -> dict[str, Any]:
    properties: dict[str, Any] = {"objectType": "annotation" if export.names else "detection"}
    properties["name"] = str(outline.value)
    if outline.value in export.names:
        properties["classification"] = {"name": export.names[outline.value]}
        if color := export.colors.get(outline.value):
            properties["classification"]["color"] = parts_of(color)
    if export.classes is not None:
        value = int(export.classes.value_of([(outline.time - export.corner[0]) << 32 | outline.value])[0])
        if value:
            told = export.classes
            parts = parts_of(told.colors.get(value, ""))
            properties["classification"] = {"name": told.names.get(value, f"class {value}"), "color": parts}
    if numbers := measured.get((outline.time, outline.value)):
        properties["measurements"] = numbers
    geometry = _geometry(outline)
    t, z, _, _ = export.image.labels_shape
    if t > 1 or z > 1:
        geometry["plane"] = {"c": _ALL_CHANNELS, "z": outline.slice, "t": outline.time}
    return {"type": "Feature", "id": _id(outline, export), "geometry": geometry, "properties": properties}


def _id(outline: Outline, export: ExportRequest) -> str:
    where = f"{KEY} {export.image.name} t{outline.time} z{outline.slice} {outline.value}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, where))


def _geometry(outline: Outline) -> dict[str, Any]:
    """Rings laid over each other: what lies in an even number of them is outside."""
    import shapely

    shape = shapely.Polygon()
    for ring in outline.rings:
        shape = shapely.symmetric_difference(shape, shapely.make_valid(shapely.Polygon(ring)))
    made: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return made
