"""``apprentice info``: what a file or a network is, in words or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from napari_apprentice.architecture import PRESETS, NetSettings, preset
from napari_apprentice.cli.networks import about_network, network_lines
from napari_apprentice.cli.progress import say
from napari_apprentice.data import models
from napari_apprentice.data.exports import read_provenance
from napari_apprentice.data.files import images_of, is_image, is_there
from napari_apprentice.data.image import axes
from napari_apprentice.data.image.reading import not_said
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project.about import about_project
from napari_apprentice.session.catalog import bundled_files, foreign, holds_foreign
from napari_apprentice.session.suitability import bundled_for

_FEW = 4  # scores that fit on a line


def info(
    file: Path | None = None,
    /,
    *,
    net: str | None = None,
    width: Annotated[int, Parameter(validator=Number(gte=1))] | None = None,
    dims: Literal[2, 3] | None = None,
    channels: Annotated[int, Parameter(validator=Number(gte=1))] = 1,
    classes: Annotated[int, Parameter(validator=Number(gte=1))] = 2,
    size: Annotated[tuple[int, ...] | None, Parameter(consume_multiple=True)] = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    json: bool = False,
) -> None:
    """Say what an image, a model file, a project or a network is.

    Parameters
    ----------
    file
        An image (stack.h5/raw for one inside a file), exported labels or a table (where they come from), a model file
        (.safetensors), a bundled model by its name (nuclei-2d) or a project's folder.
    net
        A network of the literature instead, such as unet: its parts, sizes, parameters and operations.
    width
        Channels of the network's first level; empty: as published.
    dims
        2 or 3; empty: 2 where the network has a 2D form.
    channels
        Channels that the network looks at.
    classes
        Outputs of the network.
    size
        Of the image that the network looks at: y x, or z y x.
    spacing
        Between voxels, z y x: a 3D network pools z only where slices are close enough.
    json
        Write one JSON object instead of lines.
    """
    if (file is None) == (net is None):
        raise UserError("Give a file, or a network with --net: one of " + ", ".join(PRESETS) + ".")
    if net is not None:
        found = about_network(_network(net, dims, channels, classes, width, spacing), size)
    elif file is not None:
        found = describe(file, size)
    say(_as_json(found) if json else "\n".join(_lines(found)))


def _network(
    name: str,
    dims: Literal[2, 3] | None,
    channels: int,
    classes: int,
    width: int | None,
    spacing: tuple[float, float, float],
) -> NetSettings:
    known: Any = name  # `preset` refuses names that it does not know
    if min(spacing) <= 0:
        raise UserError(f"--spacing {' '.join(map(str, spacing))} has to be positive.")
    first = PRESETS[known].dims[0] if name in PRESETS else 2
    return preset(known, dims or first, channels, classes, width, spacing)


def describe(path: Path, size: Sequence[int] | None = None) -> dict[str, Any]:
    """What ``path`` is, as plain values; ``what`` is "image", "images", "model", "project" or "results".

    A model tells its network's table for an image of `size` (y, x) or (z, y, x).
    """
    bundled = bundled_files()
    if not is_there(path) and str(path) in bundled:
        path = bundled[str(path)][1]
    if not is_there(path):
        raise UserError(f"{path} does not exist: check the path, or name a bundled model: {', '.join(bundled)}.")
    if path.name == "project.json":
        path = path.parent
    if path.is_dir() and (path / "project.json").exists():
        return about_project(path)
    if path.suffix == ".safetensors":
        return _about_model(path, size)
    told = read_provenance(path)
    if told is not None and not is_image(path):
        return {"what": "results", "path": str(path), "provenance": told.plain()}
    if told is None and holds_foreign(path):
        raise UserError(foreign(path))
    found = _about_image(path)
    return found if told is None else {**found, "provenance": told.plain()}


def _about_image(path: Path) -> dict[str, Any]:
    found = [_of_volume(read(), one) for one, read in images_of(path).items()]
    if len(found) > 1:
        return {"what": "images", "path": str(path), "images": found}
    return {"what": "image", "path": str(path), **found[0]}


def _of_volume(volume: Volume, path: str) -> dict[str, Any]:
    told = volume.metadata
    return {
        "path": path,
        "words": axes.describe(volume),
        "axes": told["axes"],
        "shape": dict(zip("tczyx", (int(n) for n in volume.pixels.shape), strict=True)),
        "dtype": str(volume.pixels.dtype),
        "spacing": dict(zip("zyx", volume.spacing, strict=True)),
        "unit": volume.unit,
        "channels": list(volume.channels),
        "colors": told.get("colors", []),
        "seconds_per_frame": told.get("seconds_per_frame"),
        "levels": [dict(zip("zyx", (int(n) for n in level.shape[2:]), strict=True)) for level in volume.levels],
        "rgb": bool(told.get("rgb")),
        "affine": told.get("affine"),
        "orientation": told.get("orientation"),
        "notes": told.get("notes", []),
        "models": [f"{one.choice.key} ({one.purpose})" for one in bundled_for(volume) if one.fits],
        "not_said": [gap.words for gap in not_said(volume)],
    }


def _about_model(path: Path, size: Sequence[int] | None) -> dict[str, Any]:
    header = models.read_header(path)
    network = about_network(header.net, size)
    return {"what": "model", "path": str(path), **header.model_dump(mode="json"), "network": network}


def _provenance_lines(told: dict[str, Any]) -> list[str]:
    """Where labels come from, a line for each model; shares of single objects are for programs (``--json``)."""
    lines = [f"made with: {told['product']} {told['version']}" + (f", of {told['image']}" if told.get("image") else "")]
    for source in told.get("masks", []):
        model = source["model"]
        scores = model.get("scores", {})
        more = {"name": "", "scores": scores if len(scores) <= _FEW else f"{len(scores)} (--json)"}
        lines.append(f"masks by: {source['by']} with {model['name']} ({_short({**model, **more})})")
        if source.get("settings"):
            lines.append(f"  settings: {_short(source['settings'])}")
    if "objects" in told:
        lines.append(f"objects: {told['objects']:,}")
    if told.get("confirmed") is not None:
        sure = told["confirmed"]
        lines.append(f"confirmed by hand: {sure.get('whole', 0):,} whole, {sure.get('part', 0):,} in part")
    return lines


def _as_json(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=2)


def _lines(found: dict[str, Any]) -> list[str]:
    if found["what"] == "network":
        return network_lines(found)
    lines = []
    for name, value in found.items():
        if name == "network":
            lines += ["", *network_lines(value)]
        elif name == "provenance":
            lines += _provenance_lines(value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
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
