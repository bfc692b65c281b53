"""An image of which objects are known, and which of these are worth asking for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.data.labels.corrections import rank_ids

Box = tuple[slice, ...]

LEAST = 30  # pixels of an object that is asked for


@dataclass(frozen=True)
class Scene:
    """An image (Y, X) and its labels.

    Attributes
    ----------
    objects
        The ids worth asking for, with the box of each.
    is_all_labelled
        Whether what has no label is background; else it may be an object that nobody labelled.
    """

    name: str
    kind: str
    pixels: NDArray[np.generic]
    labels: NDArray[np.int32]
    objects: tuple[tuple[int, Box], ...]
    is_all_labelled: bool = True


@dataclass(frozen=True)
class Objects:
    """What there is in labels: ``labels`` with a number to each, ``found`` with the box of each, ``specks`` besides."""

    labels: NDArray[np.int32]
    found: tuple[tuple[int, Box], ...]
    specks: int


def objects_in(labels: NDArray[np.integer]) -> Objects:
    """The objects of labels (Y, X) or (Z, Y, X) that are large enough, and how many are specks.

    Parts of an id that lie apart are objects of their own.
    """
    whole = np.zeros(labels.shape, np.int32)
    count = 0
    _, ranks = rank_ids(labels, labels.size)  # ids may be larger than there is memory for boxes
    for number, box in enumerate(ndimage.find_objects(ranks.astype(np.int32)), start=1):
        if box is None:
            continue
        parts, found = ndimage.label(ranks[box] == number)
        whole[box] += np.where(parts > 0, parts + count, 0).astype(np.int32)
        count += found
    sizes = np.bincount(whole.ravel(), minlength=count + 1)
    boxes = ndimage.find_objects(whole)
    large = tuple((i, boxes[i - 1]) for i in range(1, count + 1) if sizes[i] >= LEAST)
    return Objects(whole, large, count - len(large))


def is_cut(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether an object in a box reaches an edge of an image of this shape."""
    return any(side.start == 0 or side.stop == length for side, length in zip(box, shape, strict=True))


def scene(
    name: str,
    kind: str,
    pixels: NDArray[np.generic],
    labels: NDArray[np.integer],
    *,
    is_all_labelled: bool = True,
) -> Scene:
    """A scene with the objects that are large enough."""
    objects = objects_in(labels)
    return Scene(name, kind, pixels, objects.labels, objects.found, is_all_labelled)
