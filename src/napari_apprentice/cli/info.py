"""``apprentice info``: what a file is, in words or as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from napari_apprentice.cli.progress import say
from napari_apprentice.data import axes, models
from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import read_record
from napari_apprentice.project.images import ImageRecord
from napari_apprentice.project.versions import Lineage


def info(file: Path, /, *, json: bool = False) -> None:
    """Say what an image, a model file or a project is.

    Parameters
    ----------
    file
        An image, a model file (.safetensors) or a project's folder.
    json
        Write one JSON object instead of lines.
    """
    found = about(file)
    say(_as_json(found) if json else "\n".join(_lines(found)))


def about(path: Path) -> dict[str, Any]:
    """What ``path`` is, as plain values; ``what`` is "image", "model" or "project"."""
    if not path.exists():
        raise UserError(f"{path} does not exist: check the path.")
    if path.name == "project.json":
        path = path.parent
    if path.is_dir() and (path / "project.json").exists():
        return _about_project(path)
    if path.suffix == ".safetensors":
        return _about_model(path)
    return _about_image(path)


def _about_image(path: Path) -> dict[str, Any]:
    volume = read_image(path)
    return {
        "what": "image",
        "path": str(path),
        "words": axes.describe(volume),
        "shape": dict(zip("tczyx", (int(n) for n in volume.pixels.shape), strict=True)),
        "dtype": str(volume.pixels.dtype),
        "spacing": dict(zip("zyx", volume.spacing, strict=True)),
        "unit": volume.unit,
        "channels": list(volume.channels),
    }


def _about_model(path: Path) -> dict[str, Any]:
    header = models.read_header(path)
    return {"what": "model", "path": str(path), **header.model_dump(mode="json")}


def _about_project(path: Path) -> dict[str, Any]:
    # without the lock: a project that is open in a window may be looked at
    record, lineage = read_record(path), Lineage(path / "versions")
    return {
        "what": "project",
        "path": str(path),
        **record.model_dump(mode="json", include={"name", "created", "kind", "classes"}),
        "images": [_entry(path / "entries" / entry) for entry in record.entries],
        "model": lineage.current,
        "versions": [version.model_dump(mode="json") for version in lineage.versions],
    }


def _entry(path: Path) -> dict[str, Any]:
    try:
        record = ImageRecord.model_validate_json((path / "entry.json").read_text())
    except (OSError, ValueError):
        return {"id": path.name, "damaged": True}
    return {"id": path.name, **record.model_dump(mode="json", include={"name", "source", "shape", "dtype"})}


def _as_json(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=2)


def _lines(found: dict[str, Any]) -> list[str]:
    lines = []
    for name, value in found.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{name}:", *(f"  {_short(entry)}" for entry in value)]
        else:
            lines.append(f"{name}: {_short(value)}")
    return lines


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(part)}" for name, part in value.items() if part not in (None, "", [], {}))
    if isinstance(value, list):
        return ", ".join(_short(part) for part in value) or "none"
    return "none" if value in (None, "") else str(value)
