"""A simulated user who corrects what he meets, one object after the other, and says nothing about the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

_STROKE_LENGTH = (60.0, 100.0)  # pixels
_STROKE_WIDTH = 10.0
_TRIES = 500


@dataclass(frozen=True)
class SimulatedCorrection:
    """What is done to one image: ``voxels`` (flat indices) become object ``value``, or background when it is 0."""

    image: str
    voxels: NDArray[np.int64]
    value: int


def corrections(truth: Mapping[str, NDArray[np.uint32]], seed: int) -> Iterator[SimulatedCorrection]:
    """All objects of all images (1, Z, Y, X) in random order; before an image's first object, one background stroke."""
    rng = np.random.default_rng(seed)
    objects = [(name, int(i)) for name, labels in truth.items() for i in np.unique(labels) if i]
    begun = set()
    for k in rng.permutation(len(objects)):
        name, value = objects[k]
        labels = truth[name]
        if name not in begun:
            begun.add(name)
            stroke = background_stroke(labels[0, labels.shape[1] // 2], rng)
            plane = labels.shape[1] // 2 * labels[0, 0].size
            if len(stroke):
                yield SimulatedCorrection(name, stroke + plane, 0)
        yield SimulatedCorrection(name, np.flatnonzero(labels == value), value)


def background_stroke(plane: NDArray[np.uint32], rng: np.random.Generator) -> NDArray[np.int64]:
    """Flat indices (Y, X) of a straight stroke that touches no object; empty where there is no room for one."""
    room = ndimage.distance_transform_edt(plane == 0)
    radius = _STROKE_WIDTH / 2
    longest = min(_STROKE_LENGTH[1], min(plane.shape) / 2)
    for _ in range(_TRIES):
        length, angle = rng.uniform(min(_STROKE_LENGTH[0], longest), longest), rng.uniform(0, np.pi)
        start = rng.uniform(0, plane.shape)
        along = np.linspace(0, length, round(2 * length))
        path = np.round(start[:, None] + np.outer([np.sin(angle), np.cos(angle)], along)).astype(np.int64)
        inside = (path >= 0).all() and (path < np.array(plane.shape)[:, None]).all()
        if inside and room[tuple(path)].min() > radius:
            return _brushed(path, plane.shape, radius)
    return np.zeros(0, np.int64)


def _brushed(path: NDArray[np.int64], shape: Sequence[int], radius: float) -> NDArray[np.int64]:
    reach = int(radius)
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disk = dy**2 + dx**2 <= radius**2
    y = (path[0][:, None] + dy[disk]).ravel()
    x = (path[1][:, None] + dx[disk]).ravel()
    kept = (y >= 0) & (y < shape[0]) & (x >= 0) & (x < shape[1])
    return np.unique(y[kept] * shape[1] + x[kept])
