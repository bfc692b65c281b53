"""What a project is, without opening it: also one that is open in a window may be looked at."""

from __future__ import annotations

from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from napari_apprentice.data.labels.evidence import Evidence
from napari_apprentice.errors import UserError
from napari_apprentice.project import overview
from napari_apprentice.project.images import read_record
from napari_apprentice.project.record import read_project
from napari_apprentice.project.versions import CLICK_VERSIONS, Lineage


def about_project(path: Path) -> dict[str, Any]:
    """Its name, kind, classes, images, what is confirmed, and versions; `UserError` when it cannot be read."""
    record, lineage, clicks = read_project(path)[0], Lineage(path / "versions"), Lineage(path / CLICK_VERSIONS)
    confirmed = reduce(add, overview.read(path).confirmed.values(), Evidence())
    return {
        "what": "project",
        "path": str(path),
        **record.model_dump(mode="json", include={"name", "created", "kind", "classes"}),
        "images": [_image(path / "entries" / entry) for entry in record.entries],
        "confirmed": confirmed.words(record.kind),
        "model": lineage.current,
        "versions": [version.model_dump(mode="json") for version in lineage.versions],
        "click_versions": [version.model_dump(mode="json") for version in clicks.versions],
    }


def _image(path: Path) -> dict[str, Any]:
    try:
        record, _ = read_record(path)
    except UserError:
        return {"id": path.name, "damaged": True}
    return {"id": path.name, **record.model_dump(mode="json", include={"name", "source", "shape", "dtype"})}
