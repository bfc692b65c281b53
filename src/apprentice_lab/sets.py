"""What a folder of annotated images holds: ``images/`` and ``labels/`` under the same names, ``index.csv`` if any."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import read_image, read_labels
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError

EVERYTHING = "all"  # the split that is no split


@dataclass(frozen=True)
class Picture:
    """One annotated image: what kind it is, and the group of its neighbours, which are not independent of it."""

    folder: Path
    name: str
    kind: str
    group: str

    def read(self, truth_in: str = "labels") -> tuple[Volume, NDArray[np.uint32]]:
        """The image and its labels (T, Z, Y, X), from that folder; `UserError` when they do not belong together."""
        image, labels = (_file(self.folder / part, self.name) for part in ("images", truth_in))
        volume, truth = read_image(image), read_labels(labels)
        if truth.shape != volume.labels_shape:
            raise UserError(
                f"{labels} is {truth.shape} (T, Z, Y, X) and its image {volume.labels_shape}: they must be of one size."
            )
        return volume, truth


def pictures(folder: Path, split: str = EVERYTHING) -> list[Picture]:
    """The images of a split as index.csv or splits.json has it, by type (or objective); `UserError` without any.

    Where neither file says anything about splits, or for the split "all", these are all images.
    """
    rows = _rows(folder)
    splits = sorted({row["split"] for row in rows if row.get("split")})
    if splits and split != EVERYTHING:
        rows = [row for row in rows if row.get("split") == split]
    if not rows:
        known = f"choose one of {', '.join([*splits, EVERYTHING])}" if splits else "choose one with images/ and labels/"
        raise UserError(f"{folder} has no images of the split {split}: {known}.")
    return [
        Picture(
            folder,
            row["id"],
            row.get("type") or row.get("objective") or folder.name,
            row.get("group") or row["id"],
        )
        for row in rows
    ]


def _rows(folder: Path) -> list[dict[str, str]]:
    index, splits = folder / "index.csv", folder / "splits.json"
    if index.exists():
        with index.open(newline="") as file:
            rows = list(csv.DictReader(file))
        if rows and "id" not in rows[0]:
            raise UserError(f"{index} has no column id: name the images there, without suffix, or take the file away.")
        return rows
    if splits.exists():
        parts = json.loads(splits.read_text())
        lists = {part: names for part, names in parts.items() if isinstance(names, list)}
        return [{"id": name, "split": part} for part, names in lists.items() for name in names]
    return [{"id": path.stem} for path in sorted((folder / "images").glob("*")) if path.is_file()]


def _file(folder: Path, name: str) -> Path:
    """The file of this name, whatever its suffix."""
    found = sorted(path for path in folder.glob("*") if path.name.startswith(f"{name}."))
    return found[0] if found else folder / f"{name}.tif"
