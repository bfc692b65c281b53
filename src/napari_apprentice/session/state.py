"""The base of the session: signals, the project, its images, what its labels mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from psygnal import Signal

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data import edits
from napari_apprentice.data.axes import check_pixels
from napari_apprentice.data.deltas import Delta
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project import images
from napari_apprentice.project.folder import Project
from napari_apprentice.session.entry import Entry
from napari_apprentice.session.large_entry import LargeEntry, entry_of
from napari_apprentice.settings import ClassName, Kind, SegmentSettings, TeachSettings

_BYTES = 20  # for each voxel of an image that is labelled whole, while a proposal is taken in
_SHARE = 0.5  # of the free memory
_LARGEST_WHOLE = 1 << 28  # voxels; beyond it looking through all labels takes longer than a window may wait,
_LARGEST_PLANE = 1 << 26  # and beyond this drawing a plane of them does


class State:
    """Images and settings of one project; a project is made by the first image when none is given."""

    image_changed = Signal()  # another image is current, or its volume was read differently
    labels_changed = Signal(object)  # Entry: its labels changed by something other than the layer
    vouched_changed = Signal(object)  # Entry
    model_changed = Signal()
    settings_changed = Signal()  # settings, kind or classes
    job_started = Signal(str)
    job_event = Signal(str, object)
    job_ended = Signal(str, object)
    click_proposed = Signal(object, object)  # mask, box
    click_cleared = Signal()
    looked_inside = Signal(object)  # InsideMap
    said = Signal(str)
    region_changed = Signal(object, tuple)  # LargeEntry: another part of it is open; the voxel it is about (t, z, y, x)
    overview_changed = Signal(object)  # LargeEntry: labels outside the open part are others
    saved = Signal()
    trouble_changed = Signal()  # `trouble` began or ended

    largest_whole: int | None = None  # voxels of an image whose labels are held whole; None: all, or what a window can
    is_in_window = False

    def __init__(self, project: Project | None = None) -> None:
        self._forget()
        if project is not None:
            self._load(project)

    def _forget(self) -> None:
        """Be as without a project."""
        self.project: Project | None = None
        self.entries: list[Entry] = []
        self.current: Entry | None = None
        self.missing: dict[str, str] = {}
        self._segment_settings = SegmentSettings()
        self._teach_settings = TeachSettings()
        self._fresh_settings = FreshSettings()
        self._kind: Kind = "instances"
        self._classes: tuple[ClassName, ...] = ()

    def _load(self, project: Project) -> None:
        """Take over a project and open its images; what is missing is said, the rest opens."""
        self.project = project
        self._kind, self._classes = project.record.kind, project.record.classes
        self._segment_settings, self._teach_settings = project.record.segment, project.record.teach
        self._fresh_settings = project.record.fresh
        for folder in project.entries:
            why = images.why_missing(folder.image, folder.path)
            if why:
                self.missing[folder.id] = why
                continue
            try:
                self.entries.append(entry_of(folder))
            except UserError as error:
                self.missing[folder.id] = str(error)
        self.current = self._last_that_opens()

    def _last_that_opens(self) -> Entry | None:
        last = "" if self.project is None else self.project.record.current
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
        own = [] if self.project is None else self.project.complaints
        return [*own, *self.missing.values(), *(entry.complaint for entry in self.entries if entry.complaint)]

    def continue_project(self, project: Project) -> None:
        """Open a project in this session, which must not have one yet."""
        if self.project is not None:
            raise UserError(f"The project {self.project.name} is open: close it before you continue another.")
        self._load(project)
        self.settings_changed.emit()
        self.model_changed.emit()
        self.image_changed.emit()
        for complaint in self.complaints:
            self.said.emit(complaint)

    def add_image(self, volume: Volume, labels: NDArray[Any] | None = None, kind: Kind | None = None) -> Entry:
        """Open an image and make it current; its labels are found again when the project knows it.

        ``labels`` (T, Z, Y, X) are a start for an image that has none yet. Raises `UserError` for pixels with
        nothing to see, labels of another shape, or another ``kind`` than the labels the project holds.
        """
        notes = check_pixels(volume)
        start = None if labels is None else checked_labels(labels, volume)
        if kind is not None and kind != self.kind:
            self.choose_kind(kind, self.classes)
        if self.project is None:
            self.project = Project.create(name=volume.name, by_itself=self.is_in_window)
            self._begin_project()
        too_large = self._is_too_large(volume)
        if start is not None and too_large:
            raise UserError(
                f"{volume.name} is too large to begin with labels of another layer: segment all of it instead."
            )
        folder, _ = self.project.keep(volume, by_region=too_large)
        self.missing.pop(folder.id, None)
        entry = next((known for known in self.entries if known.folder is folder), None)
        if entry is None:
            entry = entry_of(folder, volume)
            self.entries.append(entry)
        else:
            entry.read_as(volume)
        if start is not None and not entry.is_labelled:
            self._apply(entry, edits.replace(entry.labels, entry.vouched, start))
        self.choose_image(entry)
        for note in notes:
            self.said.emit(note)
        return entry

    def _is_too_large(self, volume: Volume) -> bool:
        """Whether a new image is worked on region by region."""
        voxels = math.prod(volume.labels_shape)
        if self.largest_whole is not None:
            return voxels > self.largest_whole
        if not self.is_in_window:
            return False
        too_large = voxels > _LARGEST_WHOLE or math.prod(volume.labels_shape[2:]) > _LARGEST_PLANE
        return too_large or voxels * _BYTES > psutil.virtual_memory().available * _SHARE

    def reinterpret(self, entry: Entry, volume: Volume) -> None:
        """Read an image differently (spacing, channel): its labels stay. `UserError` when their shape would change."""
        if volume.labels_shape != entry.shape:
            raise UserError(
                f"With these axes {volume.name} needs labels of shape {volume.labels_shape}, and it has labels "
                f"of shape {entry.shape}: add it as another image."
            )
        record = None if self.project is None else self._record(entry, volume)
        entry.read_as(volume)
        if record is not None:
            entry.folder.save_image(record)
        if entry is self.current:
            self.image_changed.emit()

    def _record(self, entry: Entry, volume: Volume) -> images.ImageRecord:
        record = images.record_of(volume, by_region=entry.folder.image.by_region)
        if self.project is None or self.project.is_temporary:
            return record
        return images.keep(volume, record, entry.folder.path)

    def choose_image(self, entry: Entry) -> None:
        """Make an image current; `UserError` when its file went away or changed."""
        _ = entry.volume
        _ = entry.labels
        if entry.complaint:
            self.said.emit(entry.complaint)
            entry.complaint = ""
        self.current = entry
        self.image_changed.emit()

    def remove_image(self, entry: Entry) -> None:
        """Take an image out of the project, with its labels, for good."""
        self.entries.remove(entry)
        if self.project is not None:
            self.project.forget(entry.folder)
        if self.current is entry:
            self.current = self.entries[-1] if self.entries else None
            self.image_changed.emit()

    @property
    def kind(self) -> Kind:
        """What labels mean in this project: instances (cells) or classes."""
        return self._kind

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """The classes of a project of kind classes."""
        return self._classes

    def why_not_kind(self, kind: Kind, classes: tuple[ClassName, ...] = ()) -> str:
        """One sentence when labels that exist would lose their meaning."""
        if kind != self.kind:
            labelled = next((entry.name for entry in self.entries if entry.is_labelled), None)
            if labelled is not None:
                return (
                    f"{labelled} has labels that are {self.kind}: start a new project for {kind}, "
                    "or undo and erase the labels first."
                )
            return ""
        values = {one.value for one in classes}
        for gone in (one for one in self.classes if one.value not in values):
            if any(entry.holds(gone.value) for entry in self.entries):
                return f"The class {gone.name} is in use: erase its labels before you remove it."
        return ""

    def choose_kind(self, kind: Kind, classes: tuple[ClassName, ...] = ()) -> None:
        """State what labels mean; `UserError` when `why_not_kind` says why not."""
        refuse(self.why_not_kind(kind, classes))
        if (kind, classes) == (self._kind, self._classes):
            return
        self._kind, self._classes = kind, tuple(classes)
        self._save_settings()
        self.settings_changed.emit()

    @property
    def segment_settings(self) -> SegmentSettings:
        """How *Segment* and a click run."""
        return self._segment_settings

    @segment_settings.setter
    def segment_settings(self, settings: SegmentSettings) -> None:
        if settings != self._segment_settings:
            self._segment_settings = settings
            self._save_settings()
            self.settings_changed.emit()

    @property
    def teach_settings(self) -> TeachSettings:
        """How *Teach* runs."""
        return self._teach_settings

    @teach_settings.setter
    def teach_settings(self, settings: TeachSettings) -> None:
        if settings != self._teach_settings:
            self._teach_settings = settings
            self._save_settings()
            self.settings_changed.emit()

    @property
    def fresh_settings(self) -> FreshSettings:
        """Which network a fresh start has."""
        return self._fresh_settings

    @fresh_settings.setter
    def fresh_settings(self, settings: FreshSettings) -> None:
        if settings != self._fresh_settings:
            self._fresh_settings = settings
            self._save_settings()
            self.settings_changed.emit()

    def _begin_project(self) -> None:
        """A project was made: it has what was chosen before."""
        self._save_settings()

    def _save_settings(self) -> None:
        if self.project is None:
            return
        try:
            self.project.change(
                kind=self._kind,
                classes=self._classes,
                segment=self._segment_settings,
                teach=self._teach_settings,
                fresh=self._fresh_settings,
            )
        except UserError as error:
            self.said.emit(str(error))

    def _apply(self, entry: Entry, delta: Delta) -> None:
        """Do one edit; `editing` replaces this by one that knows about strokes."""
        raise NotImplementedError


def refuse(why_not: str) -> None:
    """Raise `UserError` when there is a reason."""
    if why_not:
        raise UserError(why_not)


def why_not_whole(entry: Entry) -> str:
    """One sentence when an image's labels cannot be exchanged at once."""
    if isinstance(entry, LargeEntry):
        return f"{entry.name} is too large for this: its labels are corrected where you look, not exchanged as a whole."
    return ""


def checked_labels(labels: NDArray[Any], volume: Volume) -> NDArray[np.uint32]:
    """Labels (T, Z, Y, X) as uint32; `UserError` when they are not of this image, or not whole numbers."""
    if tuple(labels.shape) != volume.labels_shape:
        raise UserError(
            f"The labels have shape {tuple(labels.shape)} and {volume.name} needs {volume.labels_shape} (t, z, y, x): "
            "choose the labels that belong to this image."
        )
    array = np.asarray(labels)
    if array.dtype.kind not in "uib" or (array.dtype.kind == "i" and array.min() < 0):
        raise UserError(f"Labels must be whole numbers from 0, these are {array.dtype}: choose a Labels layer.")
    return array.astype(np.uint32)
