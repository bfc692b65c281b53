"""Masks as images: numbers of objects or classes, or just what is an object and what is not."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.data.files import read_labels

Labels = NDArray[np.uint32]
WHITE = 255  # of binary masks
_SAYS_NO_NUMBER = (0, 1, WHITE)  # the largest value of a mask that does not number objects


def read_numbers(path: Path, shape: tuple[int, ...]) -> Labels:
    """The numbers in a file, for an image of this shape (T, Z, Y, X).

    Planes that one of the two files calls slices and the other one frames are the same. Raises `UserError`.
    """
    labels = read_labels(path, math.prod(shape[:2]))
    if labels.shape != shape and 1 in labels.shape[:2] and labels.transpose(1, 0, 2, 3).shape == shape:
        labels = labels.transpose(1, 0, 2, 3)
    return labels


def is_one_value(labels: Labels) -> bool:
    """Whether all that is there beside 0 has the value 1, or 255."""
    top = int(labels.max(initial=0))
    return top in _SAYS_NO_NUMBER and not ((labels != 0) & (labels != top)).any()


def parts_of(labels: Labels) -> tuple[Labels, int]:
    """Each connected part of each frame as an object, corners joining; and how many there are."""
    made, before = np.zeros_like(labels), 0
    for frame, numbered in zip(labels, made, strict=True):
        found, count = ndimage.label(frame > 0, np.ones((3, 3, 3)))
        numbered[...] = np.where(found > 0, found + before, 0)
        before += int(count)
    return made, before


def without(labels: Labels, background: int) -> Labels:
    """Labels in which the value ``background`` is 0."""
    return np.where(labels == background, np.uint32(0), labels) if background else labels


def lacks_background(labels: Labels) -> bool:
    """Whether each pixel is 1 or 2, as pixel classifiers write: which of them is background is not said."""
    return labels.size > 0 and int(labels.min()) == 1 and int(labels.max()) == 2


def numbers_objects(labels: Labels) -> bool:
    """Whether there are several values beside 0, so that they are numbers of objects."""
    return not is_one_value(labels) and not lacks_background(labels)
