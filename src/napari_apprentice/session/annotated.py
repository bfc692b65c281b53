"""Images with annotations: which labels belong to which image, and both read together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import images_below, is_image, is_there, read_image, read_labels, stem_of
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.session.batch import images_in

# what programs add to the name of an image for its labels
_ADDED = ("", "_labels", "_label", "_masks", "_mask", "_cp_masks", "-labels", "-label", "-masks", "-mask")


@dataclass(frozen=True)
class Annotated:
    """An image and the file with its labels."""

    image: Path
    labels: Path

    @property
    def name(self) -> str:
        """Of the image, without suffix."""
        return stem_of(self.image)

    def read(self) -> tuple[Volume, NDArray[np.uint32]]:
        """The image and its labels (T, Z, Y, X); `UserError` when they do not belong together."""
        volume, truth = read_image(self.image), read_labels(self.labels)
        if truth.shape != volume.labels_shape:
            raise UserError(
                f"{self.labels} is {truth.shape} (T, Z, Y, X) and its image {volume.labels_shape}: "
                "they must be of one size."
            )
        return volume, truth


def annotated_in(images: Path, labels: Path) -> tuple[list[Annotated], list[Path]]:
    """Each image with its labels, and the images that have none.

    Two files belong together; in two folders those of one name do, also where a program added _masks or _labels to it.
    Raises `UserError` where there are none.
    """
    for path in (images, labels):
        if not is_there(path):
            raise UserError(f"{path} does not exist: check the path.")
    if is_image(images) and not (labels.is_dir() and not is_image(labels)):
        return [Annotated(images, labels)], []
    if not labels.is_dir() or is_image(labels):
        raise UserError(
            f"{images} is a folder and {labels} is one file: give the folder with the labels of its images."
        )
    known = {stem_of(path): path for path in images_below(labels)}
    found, alone = [], []
    for image in images_in(images):
        names = [f"{stem_of(image)}{added}" for added in _ADDED]
        # in one folder for both, an image is not its own labels
        matching = [known[name] for name in names if name in known and known[name].resolve() != image.resolve()]
        if matching:
            found.append(Annotated(image, matching[0]))
        elif not _is_labels_of_another(image, known):
            alone.append(image)
    if not found:
        raise UserError(
            f"No labels in {labels} have the name of an image in {images}: name them alike, such as cells.tif in both."
        )
    return found, alone


def _is_labels_of_another(image: Path, known: dict[str, Path]) -> bool:
    """In one folder for both: ``cells_masks.tif`` beside ``cells.tif``."""
    stem = stem_of(image)
    return known.get(stem, image).resolve() == image.resolve() and any(
        added and stem.endswith(added) and stem.removesuffix(added) in known for added in _ADDED
    )
