"""A simulated user who paints classes: short strokes, each within an area of its class, wherever that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import find_boundaries

_LENGTH = (15.0, 60.0)  # pixels
_TURN = 0.15  # radians a pixel; nobody draws straight lines
_DISK = np.array([(-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)])  # a brush 3 pixels wide
_ROOM = 2.0  # pixels to the edge of the class along the middle of a stroke, where it is wide enough
_ENOUGH = 50  # pixels with that room

OBJECT, OUTLINE = 1, 2


@dataclass(frozen=True)
class Stroke:
    """Voxels of a plane (flat indices) that become class ``value``; 0 is background."""

    voxels: NDArray[np.int64]
    value: int


def draw_strokes(truth: NDArray[np.uint8], count: int, seed: int) -> list[Stroke]:
    """So many strokes on classes (Y, X): each class in turn, in random order, begun anywhere in it."""
    rng = np.random.default_rng(seed)
    rooms = {int(value): _room(truth == value) for value in np.unique(truth)}
    order: list[int] = []
    while len(order) < count:
        order += rng.permutation(list(rooms)).tolist()
    return [Stroke(_stroke(truth, rooms[value], value, rng), value) for value in order[:count]]


def with_outlines(labels: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Objects (Y, X) as two classes: their inside, and the outermost two pixels of each."""
    rim = ndimage.binary_dilation(find_boundaries(labels, mode="inner")) & (labels > 0)
    return np.where(labels > 0, np.where(rim, OUTLINE, OBJECT), 0).astype(np.uint8)


def _room(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the middle of a stroke may be."""
    wide = ndimage.distance_transform_edt(area) > _ROOM
    return wide if wide.sum() > _ENOUGH else area


def _stroke(
    truth: NDArray[np.uint8], room: NDArray[np.bool_], value: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    height, width = truth.shape
    inside = np.flatnonzero(room)
    y, x = (float(i) for i in divmod(int(inside[rng.integers(len(inside))]), width))
    angle, path = rng.uniform(0, 2 * math.pi), []
    for _ in range(int(rng.uniform(*_LENGTH))):
        at = round(y), round(x)
        if not (0 <= at[0] < height and 0 <= at[1] < width and room[at]):
            break
        path.append(at)
        angle += rng.normal(0, _TURN)
        y, x = y + math.sin(angle), x + math.cos(angle)
    spots = (np.array(path)[:, None] + _DISK).reshape(-1, 2)
    spots = spots[((spots >= 0) & (spots < truth.shape)).all(axis=1)]
    flat = np.unique(spots[:, 0] * width + spots[:, 1])
    return np.asarray(flat[truth.ravel()[flat] == value], np.int64)
