"""Sets of annotated images: which there are, of what kind, which are neighbours, and what is learned from them.

A set is a folder with ``images/`` and ``labels/`` under the same names. ``index.csv`` (``id``, and if there are any
``split``, ``type``, ``group``) or ``splits.json`` says more; this is the only place that knows of them.
"""

from __future__ import annotations

import csv
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import read_labels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.session.annotated import Annotated, annotated_in

log = logging.getLogger(__name__)

EVERYTHING = "all"  # the split that is no split
KINDS = ("type", "objective")  # the columns that say of what kind an image is: the first that does


@dataclass(frozen=True)
class Picture:
    """One annotated image: its kind, the group of its neighbours, and the split it is in, "" where there are none.

    Images of one group are not independent of each other.
    """

    files: Annotated
    kind: str
    group: str
    split: str = ""

    @property
    def name(self) -> str:
        """Of the image, without suffix."""
        return self.files.name

    def read(self) -> tuple[Volume, NDArray[np.uint32]]:
        """The image and its labels (T, Z, Y, X); `UserError` when they do not belong together."""
        return self.files.read()

    def labels(self) -> NDArray[np.uint32]:
        """The labels alone (T, Z, Y, X)."""
        return read_labels(self.files.labels)


def pictures(
    folder: Path, split: str = EVERYTHING, *, truth_in: str = "labels", kinds: Sequence[str] = KINDS
) -> list[Picture]:
    """The images of a split of a set, with the labels in its folder ``truth_in``; `UserError` without any.

    Where nothing is said about splits, or for the split "all", these are all images. ``kinds`` are the columns of the
    index that tell the kind of an image; without them it is the set's name.
    """
    rows = _rows(folder)
    if rows is None:
        return pair_files(folder / "images", folder / truth_in, folder.resolve().name)
    splits = sorted({row["split"] for row in rows if row.get("split")})
    if splits and split != EVERYTHING:
        rows = [row for row in rows if row.get("split") == split]
    if not rows:
        raise UserError(
            f"{folder} has no images of the split {split}: choose one of {', '.join([*splits, EVERYTHING])}."
        )
    files = {one.name: one for one in _pairs(folder / "images", folder / truth_in)[0]}
    if missing := [row["id"] for row in rows if row["id"] not in files]:
        raise UserError(
            f"{folder} names the image {missing[0]}, which is not both in images/ and in {truth_in}/: add the files, "
            "or take its line away."
        )
    return [
        Picture(
            files[row["id"]],
            next((row[column] for column in kinds if row.get(column)), folder.resolve().name),
            row.get("group") or row["id"],
            row.get("split") or "",
        )
        for row in rows
    ]


def picture(folder: Path, name: str, *, truth_in: str = "labels") -> Picture:
    """The image of this name in a set; `UserError` when there is none."""
    for pair in _pairs(folder / "images", folder / truth_in)[0]:
        if pair.name == name:
            return Picture(pair, folder.resolve().name, name)
    raise UserError(f"{folder} has no image {name} with labels in {truth_in}/: choose the folder that holds the sets.")


def pair_files(images: Path, labels: Path, kind: str | None = None) -> list[Picture]:
    """The images of a folder of which another one has labels, each a group of its own; what is left out is logged.

    Files are paired as `annotated_in` does. Their kind is the name of their folder, unless given.
    """
    pairs, alone = _pairs(images, labels)
    if alone:
        names = ", ".join(path.name for path in alone[:3]) + (" and others" if len(alone) > 3 else "")
        log.warning("Left out, without labels: %s.", names)
    return [Picture(pair, kind or images.resolve().name, pair.name) for pair in pairs]


def training_part(folder: Path, part: str, *, kinds: Sequence[str] = ("type",)) -> list[Picture]:
    """What a recipe takes of a set: "train", "fold" (held out of train to choose by) or "dev"; may be empty.

    A set without splits is all "train".
    """
    every = pictures(folder, kinds=kinds)
    train = [one for one in every if one.split in ("", "train")]
    fold = held_out([(one.kind, one.group) for one in train])
    parts = {
        "train": [one for one in train if one.group not in fold],
        "fold": [one for one in train if one.group in fold],
    }
    return parts.get(part, [one for one in every if one.split == part])


def held_out(images: Sequence[tuple[str, str]]) -> set[str]:
    """The groups of train, given as (kind, group) of each image, that choose the decoding.

    Of every kind, about a tenth of the images in whole groups, in the order of a hash; groups that hold more than a
    quarter of a kind stay in training.
    """
    chosen: set[str] = set()
    for kind in sorted({kind for kind, _ in images}):
        sizes = Counter(group for k, group in images if k == kind)
        total, taken = sum(sizes.values()), 0
        for group in sorted(sizes, key=lambda name: hashlib.sha256(name.encode()).digest()):
            if taken < total / 10 and sizes[group] <= max(1, total / 4):
                chosen.add(group)
                taken += sizes[group]
    return chosen


def _rows(folder: Path) -> list[dict[str, str]] | None:
    """What is said of each image; None where nothing is."""
    index, splits = folder / "index.csv", folder / "splits.json"
    if index.exists():
        with index.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if rows and "id" not in rows[0]:
            raise UserError(f"{index} has no column id: name the images there, without suffix, or take the file away.")
        return rows
    if splits.exists():
        parts = json.loads(splits.read_text(encoding="utf-8"))
        lists = {part: names for part, names in parts.items() if isinstance(names, list)}
        return [{"id": name, "split": part} for part, names in lists.items() for name in names]
    return None


def _pairs(images: Path, labels: Path) -> tuple[list[Annotated], list[Path]]:
    for path in (images, labels):
        if not path.exists():
            raise UserError(f"{path} does not exist: choose a folder with images/ and labels/.")
    found = annotated_in(images, labels)
    return list(found.pairs), list(found.alone)
