"""What was tried of an image: the field, and what each model found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.outline_pictures import small_picture
from napari_apprentice.errors import UserError
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.project_image import ProjectImage

_LARGEST = {2: (1, 1, 768, 768), 3: (1, 16, 256, 256)}  # voxels of a field along t, z, y, x
_SMALLEST = {2: (1, 1, 256, 256), 3: (1, 16, 128, 128)}  # a network sees too little in less
_WEIGHT = 5  # confirmed objects that count as much as what the network expects of itself
UNSURE = 0.45  # what no model is surer than did not find what it was made for


@dataclass(frozen=True, eq=False)
class Trial:
    """What a model, for which ``purpose`` it was made, found in the field.

    ``labels`` are (T, Z, Y, X) of the field; ``sure`` is what the network said it expects of them, from 0 to 1, less
    where a volume was seen slice by slice. ``score`` is the AP .50 (of classes the Dice) on the ``judged`` objects
    (voxels) that are confirmed in the field, None where there are none. A model that ``knows`` learned from corrections
    of this image: expect less elsewhere.
    """

    choice: ModelChoice
    purpose: str
    labels: NDArray[np.uint32]
    objects: int
    seconds: float
    sure: float
    doubts: Doubts
    score: float | None = None
    judged: int = 0
    knows: bool = False

    @property
    def rank(self) -> float:
        """What trials are put in order by: what the network expects, and, the more there is, what is confirmed."""
        if self.score is None:
            return self.sure
        return (_WEIGHT * self.sure + self.judged * self.score) / (_WEIGHT + self.judged)


@dataclass(frozen=True, eq=False)
class TriedField:
    """What was tried: the image, its part (in its labels), and the slice of it that is shown."""

    entry: ProjectImage
    region: Region
    shown: int  # slice of the field
    reading: int  # of the image, as of `ProjectImage.reading`

    def picture(self, trial: Trial, edge: int, colors: Mapping[int, str] | None = None) -> NDArray[np.uint8]:
        """The slice that is shown with the outlines of a trial, RGB, as of `outline_pictures.small_picture`."""
        t, z, y, x = self.region
        at = z.start + self.shown
        pixels = self.entry.look(t.start, (slice(at, at + 1), y, x))[:, 0]
        return small_picture(pixels, trial.labels[0, self.shown], edge, colors)

    @property
    def words(self) -> str:
        """Which part it is, such as "256 x 256 pixels, slices 5 to 20 of 40"."""
        t, z, y, x = self.region
        whole = self.entry.labels.shape
        said = f"{x.stop - x.start} x {y.stop - y.start} pixels"
        if whole[1] > 1:
            first = self.entry.region[1].start + 1
            said += f", slices {first + z.start} to {first + z.stop - 1} of {self.entry.shape[1]}"
        if self.entry.shape[0] > 1:
            said += f", frame {self.entry.region[0].start + t.start + 1}"
        return said


def field_in(box: Sequence[slice] | None, shape: Sequence[int]) -> tuple[Region, int]:
    """The part of labels of ``shape`` (T, Z, Y, X) that is tried around the middle of ``box``, and the slice shown.

    It is one frame, of an image up to 768 x 768 pixels, of a volume up to 16 slices of 256 x 256; where less is in
    view, as much as a network has to see. None: the middle of the first frame. `UserError` outside the image.
    """
    parts = [slice(0, 1), *[slice(None)] * 3] if box is None else list(box)
    edges = [part.indices(n)[:2] for part, n in zip(parts, shape, strict=True)]
    if any(start >= stop for start, stop in edges):
        raise UserError("This part lies outside the image: choose one inside it.")
    dims = 3 if shape[1] > 1 else 2
    found = []
    for (start, stop), n, least, most in zip(edges, shape, _SMALLEST[dims], _LARGEST[dims], strict=True):
        size = min(n, max(least, min(stop - start, most)))
        first = min(max(0, (start + stop - size) // 2), n - size)
        found.append(slice(first, first + size))
    t, z, y, x = found
    return (t, z, y, x), (edges[1][0] + edges[1][1] - 1) // 2 - z.start


def box_around(point: Sequence[int], shape: Sequence[int]) -> Region:
    """A slice of labels of ``shape`` around a voxel (t, z, y, x), as large as a field may be."""
    most = _LARGEST[3 if shape[1] > 1 else 2]
    found = [slice(at, at + 1) for at in point[:2]]
    for at, n, size in zip(point[2:], shape[2:], most[2:], strict=True):
        first = min(max(0, at - size // 2), max(0, n - size))
        found.append(slice(first, min(n, first + size)))
    return found[0], found[1], found[2], found[3]
