"""Masks that were made elsewhere: label images, binary masks, outlines of Fiji and of QuPath."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import is_beside, is_image, is_there
from napari_apprentice.data.files.one_sentence import in_one_sentence
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.new_class import MOST, new_class
from napari_apprentice.data.masks import fiji, qupath
from napari_apprentice.data.masks.numbers import (
    WHITE,
    is_one_value,
    lacks_background,
    numbers_objects,
    parts_of,
    read_numbers,
    without,
)
from napari_apprentice.data.masks.sections import Drawing, draw_classes, draw_objects
from napari_apprentice.data.masks.words import count
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClassName, Kind, MaskSettings

__all__ = [
    "OUTLINES",
    "Masks",
    "are_masks",
    "are_outlines",
    "file_numbers_objects",
    "read_masks",
]

Labels = NDArray[np.uint32]
OUTLINES = (*fiji.SUFFIXES, *qupath.SUFFIXES)


@dataclass(frozen=True)
class Masks:
    """Ids or classes (T, Z, Y, X), the classes with those that came new, and sentences for the user.

    ``lacks`` says that something in the file is not in the labels, so that what is 0 need not be background.
    """

    labels: Labels
    classes: tuple[ClassName, ...] = ()
    notes: tuple[str, ...] = ()
    lacks: bool = False


def are_outlines(path: Path) -> bool:
    """Whether a path looks like outlines: by its name, a ``.zip`` by the names in it."""
    suffix = path.suffix.lower()
    if suffix not in OUTLINES or not path.is_file() or is_beside(path):
        return False
    return suffix != ".zip" or fiji.holds_outlines(path)


def are_masks(path: Path) -> bool:
    """Whether a path looks like masks of any kind."""
    return are_outlines(path) or is_image(path)


def read_masks(
    path: str | Path,
    image: Volume,
    kind: Kind = "instances",
    classes: Sequence[ClassName] = (),
    settings: MaskSettings = MaskSettings(),  # noqa: B008 (frozen)
) -> Masks:
    """Masks of an image, from a file that any program made.

    Parameters
    ----------
    path
        A label image in any format of `read_image`, the masks of Cellpose (``_seg.npy``), a Fiji ROI or ROI set
        (``.roi``, ``.zip``) or GeoJSON of QuPath.
    image
        What they are masks of: outlines are drawn in its shape.
    kind
        Whether masks are objects, each by itself, or areas of classes.
    classes
        Those there are. What a file calls otherwise is a new one, in `Masks.classes`; a Fiji ROI has a class by its
        name and makes none.
    settings
        What the numbers in label images say.

    Raises
    ------
    UserError
        For a file that is no masks, or not of this image.
    """
    path = Path(path)
    if not is_there(path):
        raise UserError(f"{path} does not exist: check the path.")
    if path.suffix.lower() in OUTLINES and path.is_file():
        with in_one_sentence(path):
            return _drawn(path, image, kind, tuple(classes))
    labels = read_numbers(path, image.labels_shape)
    if labels.shape != image.labels_shape:
        raise UserError(
            f"{path} is {labels.shape} (T, Z, Y, X) and its image {image.labels_shape}: they must be of one size."
        )
    labels = without(labels, settings.background)
    if kind == "classes":
        labels = _of_one_class(labels, tuple(classes), path)
        return Masks(labels, _with_values(tuple(classes), labels, path))
    if settings.meaning != "numbers" and lacks_background(labels):
        raise UserError(
            f"Every pixel of {path} is 1 or 2: say which of them is background (--background 2; in the window "
            "Background, where a folder is added)."
        )
    if settings.meaning == "parts" or (settings.meaning == "auto" and is_one_value(labels)):
        labels, found = parts_of(labels)
        return Masks(labels, notes=(f"Each connected part is an object: {count(found, 'object')}.",) if found else ())
    return Masks(labels)


def file_numbers_objects(path: Path, settings: MaskSettings) -> bool:
    """Whether a label image has several values, so that they are numbers of objects; not so of outlines.

    `UserError` when it cannot be read.
    """
    return not are_outlines(path) and numbers_objects(without(read_numbers(path, ()), settings.background))


def _drawn(path: Path, image: Volume, kind: Kind, classes: tuple[ClassName, ...]) -> Masks:
    shape = image.labels_shape
    if path.suffix.lower() in qupath.SUFFIXES:
        drawing = qupath.read(path, kind)
        classes = _with_names(classes, drawing) if kind == "classes" else classes
    else:
        drawing = fiji.read(path, (shape[0], int(image.pixels.shape[1]), shape[1]))
        if kind == "classes" and not {one.name for one in classes} & {one.kind for one in drawing.sections}:
            names = ", ".join(one.name for one in classes) or "none yet"
            raise UserError(f"No outline in {path} has the name of a class ({names}): rename outlines, or classes.")
    if kind == "classes":
        labels = draw_classes(drawing, {one.name: one.value for one in classes}, shape)
    else:
        labels = draw_objects(drawing, shape)
    if not labels.any() and drawing.lacks:  # an image without any object would be taught as one
        raise UserError(" ".join((f"Nothing in {path} can be drawn on its image.", *drawing.notes)))
    return Masks(labels, classes, tuple(drawing.notes), drawing.lacks)


def _with_names(classes: tuple[ClassName, ...], drawing: Drawing) -> tuple[ClassName, ...]:
    """The classes, and those that outlines are of besides."""
    for section in drawing.sections:
        if section.kind and section.kind not in {one.name for one in classes}:
            classes = (*classes, new_class(classes, section.kind, section.color))
    return classes


def _of_one_class(labels: Labels, classes: tuple[ClassName, ...], path: Path) -> Labels:
    """A mask of 0 and 255 says what is there and what not: it is of the one class there is, or will be."""
    if int(labels.max(initial=0)) != WHITE or not is_one_value(labels) or WHITE in {one.value for one in classes}:
        return labels
    if len(classes) > 1:
        names = ", ".join(f"{one.value} {one.name}" for one in classes)
        raise UserError(f"All that is masked in {path} is {WHITE}: give it the number of its class ({names}).")
    return np.where(labels > 0, np.uint32(classes[0].value if classes else 1), np.uint32(0))


def _with_values(classes: tuple[ClassName, ...], labels: Labels, path: Path) -> tuple[ClassName, ...]:
    """The classes, and those that a label image numbers besides."""
    values = np.unique(labels)
    if len(values) and int(values[-1]) > MOST:
        raise UserError(f"{path} has the value {values[-1]}: classes go up to {MOST}; are these objects?")
    known = {0, *(one.value for one in classes)}
    return (*classes, *(new_class((), value=int(value)) for value in values if int(value) not in known))
