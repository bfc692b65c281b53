"""The objects of all images of the project, a row for each image."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.geometry.regions import whole_region
from napari_apprentice.data.objects.summary import ObjectsOfOne
from napari_apprentice.data.objects.sums import Measured, ObjectSums, Summing
from napari_apprentice.errors import UserError
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.images import Images, refuse
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.object_classes import ClassesOfObjects
from napari_apprentice.session.project_image import ProjectImage


class ObjectsByImage:
    """Counts objects image by image; what was counted is kept until it changes.

    Images that were not opened yet are read for it, one at a time, and not kept in memory.
    """

    def __init__(self, choices: Choices, images: Images, classes: ClassesOfObjects) -> None:
        self._choices = choices
        self._images = images
        self._classes = classes
        self._known: dict[str, tuple[tuple[int, int], ObjectsOfOne]] = {}
        self._keys: dict[str, NDArray[np.int64]] = {}  # of the objects that were counted
        self._classed: dict[str, tuple[int, dict[str, int]]] = {}

    def why_not(self) -> str:
        """Why objects cannot be counted; "" when they can."""
        return "Areas of classes are not objects: they are not counted." if self._choices.kind == "classes" else ""

    @property
    def rows(self) -> list[tuple[ProjectImage, ObjectsOfOne]]:
        """The images that are counted, and what they have; what changed since is as it was."""
        known = [entry for entry in self._images.entries if entry.id in self._known]
        return [(entry, replace(self._known[entry.id][1], classes=self._counts(entry))) for entry in known]

    def advance(self) -> bool:
        """Count the next image of which that is not known; whether all are. `UserError` in a project of classes."""
        refuse(self.why_not())
        for entry in self._images.entries:
            if entry.id not in self._known or self._known[entry.id][0] != _state(entry):
                self._keys[entry.id], found = _count(entry)
                self._classed.pop(entry.id, None)
                self._known[entry.id] = (_state(entry), found)
                return False
        return True

    def now(self) -> list[ObjectsOfOne]:
        """A row for each image, as of now; `UserError` in a project of classes."""
        while not self.advance():
            pass
        return [row for _, row in self.rows]

    def forget(self) -> None:
        """Another project may be opened."""
        self._known.clear()
        self._classed.clear()

    def _counts(self, entry: ProjectImage) -> dict[str, int]:
        """How many objects are of each class, by its name; none of images whose objects were not looked at."""
        version, keys = self._classes.version, self._keys[entry.id]
        if not self._classes.classes or self._classes.seen.described(entry) is None:
            return {}
        if self._classed.get(entry.id, (-1, {}))[0] != version:
            was_read = entry.is_read
            found = self._classes.of(entry, keys)
            if not was_read:
                entry.let_go()
            self._classed[entry.id] = (version, {found.names[value]: n for value, n in found.counts.items()})
        return self._classed[entry.id][1]


def _state(entry: ProjectImage) -> tuple[int, int]:
    return entry.edits, entry.readings


def _count(entry: ProjectImage) -> tuple[NDArray[np.int64], ObjectsOfOne]:
    image = entry.folder.image
    sums = None
    if not isinstance(entry, LargeProjectImage):
        was_read = entry.is_read
        try:
            sums = _sums(entry)
        except UserError:
            sums = None  # said where it is opened
        if not was_read:
            entry.let_go()
    spacing, unit = image.spacing, image.unit
    keys = np.zeros(0, np.int64) if sums is None else sums.keys
    return keys, ObjectsOfOne.of(sums, entry.name, image.source, entry.shape, spacing, unit)


def _sums(entry: ProjectImage) -> ObjectSums:
    region = whole_region(entry.shape)
    summing = Summing(Measured(entry.labels, entry.confirmed, region, entry.shape, entry.look, channels=0))
    while summing.sums is None:
        summing.step()
    return summing.sums
