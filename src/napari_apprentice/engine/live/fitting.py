"""A head fitted to all that is confirmed in an image, wherever that is: parts that hold some are looked at first."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.engine.features.learned_values import parts_of
from napari_apprentice.engine.features.maps import Box
from napari_apprentice.engine.live import objects
from napari_apprentice.engine.live.head import Head
from napari_apprentice.engine.live.objects import ObjectHead
from napari_apprentice.engine.live.sight import Sight, open_sight
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Started
from napari_apprentice.jobs import LearningJob


@dataclass(frozen=True)
class FittedClasses:
    """A head of classes, fitted to so many voxels."""

    sight: Sight
    head: Head
    used: int


@dataclass(frozen=True)
class FittedObjects:
    """A head of objects that are usually ``diameter`` pixels wide."""

    sight: Sight
    objects: ObjectHead
    used: int
    diameter: float

    @property
    def head(self) -> Head:
        """Of foreground and log-distance."""
        return self.objects.head


def fit_classes(job: LearningJob, cancelled: Callable[[], bool], warm: Warm) -> Generator[Event, None, FittedClasses]:
    """From all samples of a job; `UserError` where they are all of one class."""
    sight = open_sight(job, cancelled, warm)
    yield Started(device=sight.network.device.words)
    places, values = job.samples.unpacked()
    yield from _look_at(sight, places)
    head, used = sight.head(places, values)
    if head is None:
        raise UserError("There is one class only: paint some of another one, or of the background, then apply it.")
    return FittedClasses(sight, head, used)


def fit_all_objects(
    job: LearningJob, cancelled: Callable[[], bool], warm: Warm
) -> Generator[Event, None, FittedObjects]:
    """From all corrections of a job, which are of all of the image; `UserError` where they do not suffice."""
    labels, confirmed, diameter = objects.corrected_in(job)
    sight = open_sight(job, cancelled, warm, diameter)
    yield Started(device=sight.network.device.words)
    yield from _look_at(sight, np.argwhere(confirmed))
    head, used = objects.fit_objects(sight, labels, confirmed, np.zeros(4, np.int64), diameter or 1.0)
    if head is None or diameter is None:
        raise UserError("No whole object is confirmed: approve or paint a few, and some background, then apply it.")
    return FittedObjects(sight, head, used, diameter)


def _look_at(sight: Sight, places: NDArray[np.int64]) -> Generator[Event, None, None]:
    """Have features at hand where samples (n, 4) are."""
    for t, z in sorted({(int(t), int(z)) for t, z in np.unique(places[:, :2], axis=0)}):
        on_plane = places[(places[:, 0] == t) & (places[:, 1] == z), 2:]
        for box in parts_of(sight.pixels.shape[3:]):
            if _holds(box, on_plane):
                yield from sight.features((t, z), box)


def _holds(box: Box, points: NDArray[np.int64]) -> bool:
    low, high = np.array(box).T
    return bool(((points >= low) & (points < high)).all(axis=1).any())
