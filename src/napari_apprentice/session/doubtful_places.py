"""Places that deserve a look: where one lies, and how many of an image are left."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.labels.deltas import voxels_in
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.mends import Mends
from napari_apprentice.session.project_image import ProjectImage

Point = tuple[int, int, int, int]
Box = tuple[slice, slice, slice, slice]


@dataclass(frozen=True)
class DoubtfulPlace:
    """An object, or (``id`` None) a place where nearly one was proposed.

    ``point`` (t, z, y, x) lies in it, ``box`` around it; both in voxels of the whole image, as is the one row of
    ``mends``. ``doubt`` is from 0 to 1.
    """

    entry: ProjectImage
    id: int | None
    point: Point
    box: Box
    doubt: float
    mends: Mends = field(compare=False)

    @property
    def image(self) -> str:
        """What the image is called."""
        return self.entry.name


@dataclass(frozen=True)
class ReviewState:
    """How far an image is: ``left`` of ``total`` doubtful places; ``is_known`` when it was proposed for at all."""

    left: int
    total: int
    is_known: bool = True
    is_used: bool = True

    @property
    def words(self) -> str:
        """Such as "7 doubtful"."""
        if not self.is_known:
            return "segment again to review" if self.is_used else "not segmented"
        return f"{self.left} doubtful" if self.left else "done"


def place_in(entry: ProjectImage, ordered: Doubts, index: int | np.integer) -> DoubtfulPlace:
    """One of an image's doubtful places, with the object that lies there now."""
    point = point_of(ordered, index)
    at = [i - part.start for i, part in zip(point, entry.region, strict=True)]
    is_open = all(0 <= i < n for i, n in zip(at, entry.labels.shape, strict=True))
    found = int(entry.labels[tuple(at)]) if is_open else 0
    box, doubt, mends = (
        slices(ordered.boxes[index]),
        float(ordered.values[index]),
        ordered.mends.only(np.array([index])),
    )
    return DoubtfulPlace(entry, found or None, point, box, doubt, mends)


def ellipsoid(box: Box, around: Box) -> NDArray[np.bool_]:
    """The ellipsoid that fills a box, as a mask over another one."""
    far = np.zeros(())
    for axis, (one, other) in enumerate(zip(box, around, strict=True)):
        length = one.stop - one.start
        steps = np.arange(other.start, other.stop) - (one.start + one.stop - 1) / 2
        far = far + ((2 * steps / length) ** 2).reshape([-1 if i == axis else 1 for i in range(4)])
    return np.asarray(far <= 1)


def empty_in(entry: ProjectImage, box: Box) -> NDArray[np.int64]:
    """Flat indices of what no object has, and nobody said anything about, in the ellipsoid that fills a box."""
    region = entry.region
    t, z, y, x = (
        slice(max(whole.start, one.start), max(whole.start, min(one.stop, whole.stop)))
        for one, whole in zip(box, region, strict=True)
    )
    part = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip((t, z, y, x), region, strict=True))
    free = ellipsoid(box, (t, z, y, x)) & (entry.labels[part] == 0) & (entry.confirmed[part] == UNKNOWN)
    return voxels_in(entry.labels.shape, [one.start for one in part], free)


def usual_width(entry: ProjectImage) -> float | None:
    """How wide proposed objects are in the slice, in voxels, in the median; None where there are none."""
    doubts = None if entry.doubts is None else entry.doubts.doubts
    if doubts is None or doubts.missed.all():
        return None
    return float(np.median(np.diff(doubts.boxes[~doubts.missed, 2:], axis=2).max(axis=1)))


def point_of(doubts: Doubts, index: int | np.integer) -> Point:
    """Where one of them lies."""
    t, z, y, x = (int(at) for at in doubts.points[index])
    return t, z, y, x


def slices(box: NDArray[np.int64]) -> Box:
    """A box (4, 2) of starts and stops."""
    t, z, y, x = (slice(int(start), int(stop)) for start, stop in box)
    return t, z, y, x
