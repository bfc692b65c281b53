"""What a project looks like from outside, to find it again: read without opening it.

::

    <name>/overview.json    how many objects each image has
           overview.png     its first image with the masks
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from napari_apprentice.project import durable
from napari_apprentice.settings import Settings

_NAMED = 2  # images in a title


class Overview(Settings):
    """Objects by the image's id; those of an image that is too large to count are not known."""

    objects: dict[str, int] = {}


def read(path: Path) -> Overview:
    """What was written when the project was closed last; an empty one where that cannot be read."""
    try:
        return Overview.model_validate(json.loads((path / "overview.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return Overview()


def write(path: Path, overview: Overview, picture: NDArray[np.uint8] | None = None) -> None:
    """Replace the overview, and its picture (Y, X, 3) when there is a new one; `UserError` when the disk refuses."""
    durable.write_json(path / "overview.json", overview.model_dump(mode="json"))
    if picture is not None:
        with durable.replacing(path / "overview.png") as file:
            file.write(imagecodecs.png_encode(np.ascontiguousarray(picture)))


def picture_of(path: Path) -> Path | None:
    """Where the picture is; None when there is none yet."""
    picture = path / "overview.png"
    return picture if picture.is_file() else None


def is_worked_on(path: Path) -> bool:
    """Whether a project holds anything but images: labels, vouched voxels, taught models."""
    made = ("entries/*/*-*.*", "entries/*/store/*", "versions/v*.safetensors")
    return any(next(path.glob(pattern), None) is not None for pattern in made)


def title(path: Path, entries: Sequence[str]) -> str:
    """The names of a project's images: "cells", "cells, more", "cells and 3 more"; "" without images."""
    names = [name for entry in entries[:_NAMED] if (name := _image_name(path / "entries" / entry))]
    if not names:
        return ""
    if len(entries) <= _NAMED:
        return ", ".join(names)
    return f"{names[0]} and {len(entries) - 1} more"


def _image_name(entry: Path) -> str:
    try:
        told = json.loads((entry / "entry.json").read_text(encoding="utf-8"))
        return str(told["name"])
    except (OSError, ValueError, TypeError, KeyError):
        return ""
