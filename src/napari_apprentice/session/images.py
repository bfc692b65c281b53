"""What is open: the images of the project, which of them is current, what their labels mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from napari_apprentice.data.files import check_labels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project import images
from napari_apprentice.project.folder import Project
from napari_apprentice.session.choices import Choices
from napari_apprentice.session.large_project_image import project_image_of
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.queue import Queue
from napari_apprentice.session.signals import Signals
from napari_apprentice.settings import ClassName, Kind

_BYTES = 20  # for each voxel of an image that is labelled whole, while a proposal is taken in
_SHARE = 0.5  # of the free memory
_LARGEST_WHOLE = 1 << 28  # voxels; beyond it looking through all labels takes longer than a window may wait,
_LARGEST_PLANE = 1 << 26  # and beyond this drawing a plane of them does


class Images:
    """Images of one project; a project is made by the first image when none is open."""

    def __init__(self, signals: Signals, choices: Choices, queue: Queue) -> None:
        self._signals = signals
        self._choices = choices
        self._queue = queue
        self.entries: list[ProjectImage] = []
        self.current: ProjectImage | None = None
        self.missing: dict[str, str] = {}

    def load(self, project: Project) -> None:
        """Open the images of a project; what is missing is noted, the rest opens."""
        for folder in project.entries:
            why = images.why_missing(folder.image, folder.path)
            if why:
                self.missing[folder.id] = why
                continue
            try:
                self.entries.append(project_image_of(folder))
            except UserError as error:
                self.missing[folder.id] = str(error)
        self.current = self._last_that_opens()

    def forget(self) -> None:
        """Be as without a project."""
        self.entries, self.current, self.missing = [], None, {}

    def _last_that_opens(self) -> ProjectImage | None:
        project = self._choices.project
        last = "" if project is None else project.record.current
        newest_first = self.entries[::-1]
        for entry in sorted(newest_first, key=lambda entry: entry.id != last):
            try:
                _ = entry.volume
                _ = entry.labels
            except UserError as error:
                self.missing[entry.id] = str(error)
                self.entries.remove(entry)
            else:
                return entry
        return None

    @property
    def complaints(self) -> list[str]:
        """What could not be opened, one sentence each; for the face to show once it listens."""
        project = self._choices.project
        own = [] if project is None else project.complaints
        return [*own, *self.missing.values(), *(entry.complaint for entry in self.entries if entry.complaint)]

    @property
    def open_entry(self) -> ProjectImage:
        """The current image; `UserError` when there is none."""
        if self.current is None:
            raise UserError("There is no image: open one first.")
        return self.current

    @property
    def taught(self) -> list[ProjectImage]:
        """Those in which something is confirmed, so that a network can learn from them."""
        return [one for one in self.entries if one.voxels_taught or (one.folder.is_used and one.is_confirmed)]

    def add(self, volume: Volume, *, labelled: bool = False, kind: Kind | None = None) -> ProjectImage:
        """Open an image, which is not yet current; its labels are found again when the project knows it.

        ``labelled`` says that labels come with it. Raises `UserError` for those of an image that is opened region
        by region, or another ``kind`` than the labels the project holds.
        """
        if kind is not None and kind != self._choices.kind:
            self.choose_kind(kind, self._choices.classes)
        project = self._choices.project
        if project is None:
            made = Project.create(name=volume.name, by_itself=self._choices.options.in_window)
            project = self._choices.begin(made)
        too_large = self._is_too_large(volume)
        if labelled and too_large:
            raise UserError(
                f"{volume.name} is too large to begin with labels that are there: segment all of it instead."
            )
        folder, _ = project.keep(volume, by_region=too_large)
        self.missing.pop(folder.id, None)
        entry = next((known for known in self.entries if known.folder is folder), None)
        if entry is None:
            entry = project_image_of(folder, volume)
            self.entries.append(entry)
        else:
            entry.read_as(volume)
        return entry

    def _is_too_large(self, volume: Volume) -> bool:
        """Whether a new image is worked on region by region."""
        voxels, options = math.prod(volume.labels_shape), self._choices.options
        if options.largest_whole is not None:
            return voxels > options.largest_whole
        if not options.in_window:
            return False
        too_large = voxels > _LARGEST_WHOLE or math.prod(volume.labels_shape[2:]) > _LARGEST_PLANE
        return too_large or voxels * _BYTES > psutil.virtual_memory().available * _SHARE

    def reinterpret(self, entry: ProjectImage, volume: Volume) -> None:
        """Read an image differently (spacing, channel): its labels stay. `UserError` when their shape would change."""
        if volume.labels_shape != entry.shape:
            raise UserError(
                f"With these axes {volume.name} needs labels of shape {volume.labels_shape}, and it has labels "
                f"of shape {entry.shape}: add it as another image."
            )
        record = None if self._choices.project is None else self._record(entry, volume, self._choices.project)
        entry.read_as(volume)
        if record is not None:
            entry.folder.save_image(record)
        if entry is self.current:
            self._signals.image_changed.emit()

    @staticmethod
    def _record(entry: ProjectImage, volume: Volume, project: Project) -> images.ImageRecord:
        record = images.record_of(volume, by_region=entry.folder.image.by_region)
        is_kept_elsewhere = project.is_temporary or project.place.why_held
        return record if is_kept_elsewhere else images.keep(volume, record, entry.folder.path)

    def choose(self, entry: ProjectImage) -> None:
        """Make an image current; `UserError` when its file went away or changed."""
        _ = entry.volume
        _ = entry.labels
        if entry.complaint:
            self._signals.message.emit(entry.complaint)
            entry.complaint = ""
        self.current = entry
        self._signals.image_changed.emit()

    def remove(self, entry: ProjectImage) -> None:
        """Take an image out of the project, with its labels, for good; what runs for it is stopped.

        `UserError` when the project's folder is only to look at, or not ours.
        """
        refuse(self._choices.why_only_to_look_at)
        self._queue.cancel_for(entry)
        self.entries.remove(entry)
        if self._choices.project is not None:
            self._choices.project.forget(entry.folder)
        if self.current is entry:
            self.current = self.entries[-1] if self.entries else None
            self._signals.image_changed.emit()

    def why_not_kind(self, kind: Kind, classes: tuple[ClassName, ...] = ()) -> str:
        """One sentence when labels that exist would lose their meaning."""
        if kind != self._choices.kind:
            labelled = next((entry.name for entry in self.entries if entry.is_labelled), None)
            if labelled is not None:
                return (
                    f"{labelled} has labels that are {self._choices.kind}: start a new project for {kind}, "
                    "or undo and erase the labels first."
                )
            return ""
        values = {one.value for one in classes}
        for gone in (one for one in self._choices.classes if one.value not in values):
            if any(entry.holds(gone.value) for entry in self.entries):
                return f"The class {gone.name} is in use: erase its labels before you remove it."
        return ""

    def choose_kind(self, kind: Kind, classes: tuple[ClassName, ...] = ()) -> None:
        """State what labels mean; `UserError` when `why_not_kind` says why not."""
        refuse(self.why_not_kind(kind, classes))
        self._choices.set_kind(kind, classes)


def refuse(why_not: str) -> None:
    """Raise `UserError` when there is a reason."""
    if why_not:
        raise UserError(why_not)


def checked_labels(labels: NDArray[Any], volume: Volume) -> NDArray[np.uint32]:
    """Labels (T, Z, Y, X) as uint32; `UserError` when they are not of this image, or not whole numbers."""
    if tuple(labels.shape) != volume.labels_shape:
        raise UserError(
            f"The labels have shape {tuple(labels.shape)} and {volume.name} needs {volume.labels_shape} (t, z, y, x): "
            "choose the labels that belong to this image."
        )
    array = np.asarray(labels)
    if array.dtype.kind not in "uib":
        raise UserError(f"Labels must be whole numbers from 0, these are {array.dtype}: choose a Labels layer.")
    return check_labels(array, f"What is to be the labels of {volume.name}")
