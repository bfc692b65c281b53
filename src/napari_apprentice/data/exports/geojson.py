"""GeoJSON as QuPath reads it: one feature for each object (each class region) of each slice, in pixels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from napari_apprentice.data.exports.export import ExportRequest
from napari_apprentice.data.exports.outlines import Outline, outlines
from napari_apprentice.data.storage.atomic_write import atomic_write


def write(path: Path, export: ExportRequest) -> None:
    """Write a feature collection; a hole is a hole, an object in several parts a multipolygon."""
    for _ in write_parts(path, [(1.0, export)]):
        pass


def write_parts(path: Path, parts: Iterable[tuple[float, ExportRequest | None]]) -> Iterator[float]:
    """The same for labels that come in parts, each with whole objects; hands on the share that is done."""
    with atomic_write(path) as part, part.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        between = "\n"
        for share, export in parts:
            for feature in [] if export is None else _features(export):
                file.write(between + json.dumps(feature))
                between = ",\n"
            yield share
        file.write("\n]}\n")


def _features(export: ExportRequest) -> Iterator[dict[str, Any]]:
    return (_feature(outline, export) for outline in outlines(export.labels, export.corner))


def _feature(outline: Outline, export: ExportRequest) -> dict[str, Any]:
    properties: dict[str, Any] = {"objectType": "annotation" if export.names else "detection"}
    properties["name"] = str(outline.value)
    if outline.value in export.names:
        properties["classification"] = {"name": export.names[outline.value]}
    geometry = _geometry(outline)
    t, z, _, _ = export.image.labels_shape
    if t > 1 or z > 1:
        geometry["plane"] = {"c": -1, "z": outline.slice, "t": outline.time}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _geometry(outline: Outline) -> dict[str, Any]:
    """Rings laid over each other: what lies in an even number of them is outside."""
    import shapely

    shape = shapely.Polygon()
    for ring in outline.rings:
        shape = shapely.symmetric_difference(shape, shapely.make_valid(shapely.Polygon(ring)))
    made: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return made
