"""Annotated images of a data set as recipes read them: ``index.csv`` if there is one, ``images/`` and ``labels/``."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import tifffile

from apprentice_lab.recipes.judge import Example
from apprentice_lab.recipes.recipe import held_out
from napari_apprentice.errors import UserError


def read_set(folder: Path, split: str) -> list[Example]:
    """The images of `split`, "train", "fold" (a tenth of train, by group, held out) or "dev".

    A set without an index is all "train".
    """
    rows = _rows(folder)
    fold = held_out([(_kind(row, folder), _group(row)) for row in rows if row["split"] == "train"])
    examples = []
    for row in rows:
        part = "fold" if row["split"] == "train" and _group(row) in fold else row["split"]
        if part != split:
            continue
        pixels = luminance(tifffile.imread(folder / "images" / f"{row['id']}.tif"))
        labels = tifffile.imread(folder / "labels" / f"{row['id']}.tif").astype(np.uint32)
        examples.append(Example(row["id"], _kind(row, folder), _group(row), pixels, labels))
    return examples


def _rows(folder: Path) -> list[dict[str, str]]:
    if (folder / "index.csv").exists():
        with (folder / "index.csv").open(newline="") as file:
            return list(csv.DictReader(file))
    names = sorted(path.stem for path in (folder / "images").glob("*.tif"))
    if not names:
        raise UserError(f"{folder} has no images: choose the folder that holds {folder.name}.")
    return [{"id": name, "split": "train"} for name in names]


def luminance(image: np.ndarray) -> np.ndarray:
    """One channel (Y, X) of a gray or RGB image (Rec. 601)."""
    if image.ndim == 2:
        return image
    gray: np.ndarray = image[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return gray


def _kind(row: dict[str, str], folder: Path) -> str:
    return row.get("type", folder.name)


def _group(row: dict[str, str]) -> str:
    return row.get("group") or row["id"]
