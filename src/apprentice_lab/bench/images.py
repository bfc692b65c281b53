"""Which annotated images a model is scored on: those of a set, or anyone's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from apprentice_lab.bench import report
from apprentice_lab.sets import Picture, pair_files, pictures, training_part
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Settings


class ImagesSettings(Settings):
    """What a model is scored on."""

    data: Annotated[Path, Field(description="Folder with images/, labels/ and, if split, index.csv.")] = (
        report.DATA / "dsb2018"
    )
    image_dir: Annotated[
        Path | None, Field(description="In place of --data: a folder of images; --label-dir has their labels.")
    ] = None
    label_dir: Annotated[
        Path | None, Field(description="Labels of the same names, also with _masks or _labels added.")
    ] = None

    @property
    def set_name(self) -> str:
        """The set by its folder's name."""
        return (self.image_dir or self.data).resolve().name

    def pictures(self, split: str, truth_in: str = "labels") -> list[Picture]:
        """The images of a split, with the labels in the set's folder ``truth_in``; all of --image-dir.

        "fold" is held out of train to choose by, as for recipes. Raises `UserError` where there are none.
        """
        if self.image_dir is None and self.label_dir is None:
            if split == "fold" and truth_in == "labels":
                return training_part(self.data, split)
            return pictures(self.data, split, truth_in=truth_in)
        if self.image_dir is None or self.label_dir is None:
            raise UserError("--image-dir and --label-dir belong together: give both, or a set as --data.")
        return pair_files(self.image_dir, self.label_dir)


def draw_pictures(images: Sequence[Picture], count: int | None, seed: int) -> list[Picture]:
    """So many of the images at random, in their order; None: all."""
    if count is None or count >= len(images):
        return list(images)
    places = np.random.default_rng(seed).choice(len(images), count, replace=False)
    return [images[i] for i in sorted(places)]
