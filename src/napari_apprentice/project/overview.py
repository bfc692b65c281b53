"""What a project looks like from outside, to find it again: read without opening it.

::

    <name>/overview.json    how many objects each image has
           overview.png     its first image with the masks
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.evidence import Evidence
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable
from napari_apprentice.settings import Settings

_LARGEST_PICTURE = 1_000_000  # bytes
_NAMED = 2  # images in a title


class ProjectOverview(Settings):
    """Objects by the image's id, and what of them is confirmed; of an image that is too large to count not known."""

    objects: dict[str, int] = {}
    confirmed: dict[str, Evidence] = {}


def read(path: Path) -> ProjectOverview:
    """What was written when the project was closed last; an empty one where that cannot be read."""
    try:
        return ProjectOverview.model_validate(durable.read_json(path / "overview.json"))
    except (OSError, ValueError, UserError):
        return ProjectOverview()


def write(path: Path, overview: ProjectOverview, picture: NDArray[np.uint8] | None = None) -> None:
    """Replace the overview, and its picture (Y, X, 3) when there is a new one; `UserError` when the disk refuses."""
    durable.write_json(path / "overview.json", overview.model_dump(mode="json"))
    if picture is not None:
        with durable.replacing(path / "overview.png") as file:
            file.write(imagecodecs.png_encode(np.ascontiguousarray(picture)))


def picture_of(path: Path) -> Path | None:
    """Where the picture is; None when there is none yet, or something else."""
    picture = path / "overview.png"
    try:
        return picture if picture.is_file() and picture.stat().st_size <= _LARGEST_PICTURE else None
    except OSError:
        return None


def is_worked_on(path: Path) -> bool:
    """Whether a project holds anything but images: labels, confirmed voxels, taught models."""
    made = ("entries/*/*-*.*", "entries/*/store/*", "versions/v*.safetensors")
    return any(next(path.glob(pattern), None) is not None for pattern in made)


def title(path: Path, given: str, entries: Sequence[str]) -> str:
    """What a project is called: the name it was ``given``, or where that is its first image's, all its images.

    Such as "cells", "cells, more" or "cells and 3 more".
    """
    names = [name for entry in entries[:_NAMED] if (name := _image_name(path / "entries" / entry))]
    if not names or names[0] != given:
        return given
    if len(entries) <= _NAMED:
        return ", ".join(names)
    return f"{names[0]} and {len(entries) - 1} more"


def _image_name(entry: Path) -> str:
    try:
        return str(durable.read_json(entry / "entry.json")["name"])
    except (OSError, ValueError, TypeError, KeyError, UserError):
        return ""
