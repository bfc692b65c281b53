"""Outlines as GeoJSON, as QuPath exports objects: polygons with holes, in pixels of the whole image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.exports.outlines import Ring
from napari_apprentice.data.masks.sections import Drawing, Plane, Section
from napari_apprentice.data.masks.words import LeftOut, were
from napari_apprentice.data.provenance import KEY, provenance_in
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Kind

SUFFIXES = (".geojson",)
_LARGEST = 1 << 29  # bytes
_MOST_VALUE = 1e9  # that a coordinate may have
_DEEPEST = 8  # collections in collections
_DRAWN, _FOUND = ("annotation", ""), ("detection", "cell", "tile")


def read(path: Path, kind: Kind) -> Drawing:
    """The areas in a file, as objects or as areas of classes.

    Where there are both, objects are what was detected, and annotations the areas in which that was looked for; areas
    of classes are the annotations. Raises `UserError` for a file without any; what else is raised is damage.
    """
    if path.stat().st_size > _LARGEST:
        raise UserError(f"{path} is larger than {_LARGEST >> 20} MB: export fewer objects at once.")
    try:
        told = json.loads(path.read_bytes())
    except RecursionError as error:
        raise UserError(f"{path} is no GeoJSON: it is nested too deeply; export it again.") from error
    drawing, left_out = Drawing([]), LeftOut()
    found: list[tuple[str, Section]] = []
    for feature, geometry in _geometries(told, {}, 0):
        shape = geometry.get("type")
        if shape not in ("Polygon", "MultiPolygon"):
            left_out.marks[_WHAT.get(str(shape), "other mark")] += 1
            continue
        section = _section(feature, geometry)
        if section is None:
            left_out.damaged += 1
        else:
            found.append((_type_of(feature), section))
    if not found and not left_out.is_any and _says_nothing_is_there(told):
        return drawing
    if not found and not left_out.marks:
        raise UserError(f"{path} holds {left_out.only} (polygons in GeoJSON): export objects from QuPath as GeoJSON.")
    drawing.notes += left_out.notes()
    drawing.lacks = left_out.is_any
    drawing.sections = _chosen(found, kind, drawing)
    return drawing


_WHAT = {"Point": "point", "MultiPoint": "group of points", "LineString": "line", "MultiLineString": "line"}


def _says_nothing_is_there(told: Any) -> bool:
    """Whether a collection was written here for labels without an object: others are empty by mistake, too."""
    written = provenance_in(told.get(KEY)) if isinstance(told, dict) and told.get("features") == [] else None
    return written is not None and written.objects == 0


def _chosen(found: list[tuple[str, Section]], kind: Kind, drawing: Drawing) -> list[Section]:
    """Those that are meant, of several sorts; what QuPath itself ignores (classes ending in *) is none."""
    starred = sum(section.kind.endswith("*") for _, section in found)
    drawing.leave_out(starred, ", of classes that QuPath ignores (Ignore*)")
    found = [(sort, section) for sort, section in found if not section.kind.endswith("*")]
    first, then = (_FOUND, _DRAWN) if kind == "instances" else (_DRAWN, _FOUND)
    wanted = first if any(sort in first for sort, _ in found) else then
    kept = [section for sort, section in found if sort in wanted]
    if len(kept) < len(found):
        what = "annotations are areas around objects" if kind == "instances" else "detections are no areas of a class"
        drawing.notes.append(f"{were(len(found) - len(kept), 'outline')} left out: {what}.")
    return kept


def _geometries(told: Any, feature: dict[str, Any], depth: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each geometry with what is said of it, wherever it stands."""
    if depth > _DEEPEST:
        return
    if isinstance(told, list):
        for one in told:
            yield from _geometries(one, feature, depth + 1)
    elif isinstance(told, dict):
        if isinstance(told.get("features"), list):
            yield from _geometries(told["features"], feature, depth + 1)
        elif "geometry" in told:
            yield from _geometries(told["geometry"], told, depth + 1)
        elif isinstance(told.get("geometries"), list):
            yield from _geometries(told["geometries"], feature, depth + 1)
        elif "coordinates" in told:
            yield feature, told


def _section(feature: dict[str, Any], geometry: dict[str, Any]) -> Section | None:
    """A polygon, or several that are one object; None for one that is damaged."""
    told = geometry.get("coordinates")
    polygons = [told] if geometry["type"] == "Polygon" else told
    try:
        parts = tuple(tuple(_ring(ring) for ring in polygon) for polygon in list(polygons or ()))
    except (TypeError, ValueError, OverflowError):
        return None
    if not parts:
        return None
    kind, color = _class_of(feature)
    return Section(parts, _plane_of(geometry), _number_of(feature), kind, color)


def _ring(points: Any) -> Ring:
    ring = np.array([(float(x), float(y)) for x, y, *_ in points], np.float64).reshape(-1, 2)
    if not (np.isfinite(ring).all() and (np.abs(ring) < _MOST_VALUE).all()):
        raise ValueError("no sensible numbers")
    return ring


def _properties(feature: dict[str, Any]) -> dict[str, Any]:
    told = feature.get("properties")
    return told if isinstance(told, dict) else {}


def _type_of(feature: dict[str, Any]) -> str:
    told = _properties(feature)
    sort = str(told.get("objectType") or told.get("object_type") or "").lower()
    return sort if sort in _FOUND else "" if sort in ("", "roi", "unknown") else sort


def _number_of(feature: dict[str, Any]) -> int | None:
    """What an object is called, when that is a number: as we write it, in all slices the same."""
    name = str(_properties(feature).get("name", ""))
    return int(name) if name.isdecimal() and len(name) < 12 else None


def _class_of(feature: dict[str, Any]) -> tuple[str, str]:
    """The name of its class and the colour of that, each "" when there is none."""
    told = _properties(feature).get("classification")
    if isinstance(told, str):
        return told, ""
    if not isinstance(told, dict):
        return "", ""
    names = told.get("names")
    name = told.get("name") or (": ".join(map(str, names)) if isinstance(names, list) else "")
    color = told.get("color")
    if isinstance(color, list) and len(color) == 3 and all(isinstance(one, int) and 0 <= one < 256 for one in color):
        return str(name), "#{:02x}{:02x}{:02x}".format(*color)
    return str(name), ""


def _plane_of(geometry: dict[str, Any]) -> Plane | None:
    """Frame and slice; QuPath says nothing of the first of both."""
    told = geometry.get("plane") or {}
    t, z = (told.get("t", 0), told.get("z", 0)) if isinstance(told, dict) else (None, None)
    return (t, z) if isinstance(t, int) and isinstance(z, int) else None
