"""The open project and what is chosen in it: what labels mean, and how *Segment*, *Teach* and a fresh start work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.errors import UserError
from napari_apprentice.project.folder import Project
from napari_apprentice.session.options import SessionOptions
from napari_apprentice.session.signals import Signals
from napari_apprentice.settings import ClassName, Kind, SegmentSettings, TeachSettings


class Choices:
    """Every change is kept in the project, if there is one, and told by ``settings_changed``."""

    def __init__(self, signals: Signals, options: SessionOptions) -> None:
        self._signals = signals
        self.options = options
        self.project: Project | None = None
        self._trouble = ""  # that was said, and is not over yet
        self._kind: Kind = "instances"
        self._classes: tuple[ClassName, ...] = ()
        self._object_classes: tuple[ClassName, ...] = ()
        self.object_classes_ever = 0  # the highest value that one of them ever had
        self._segment, self._teach, self._fresh = SegmentSettings(), TeachSettings(), FreshSettings()

    def load(self, project: Project) -> None:
        """Take over a project and what was chosen in it."""
        record = project.record
        self.project = project
        self._kind, self._classes = record.kind, record.classes
        self._object_classes = record.object_classes
        self.object_classes_ever = max([record.object_classes_ever, *(one.value for one in record.object_classes)])
        self._segment, self._teach, self._fresh = record.segment, record.teach, record.fresh

    def begin(self, project: Project) -> Project:
        """Go on in a new project with what was chosen before it."""
        self.project = project
        self._save()
        self._signals.project_began.emit()
        return project

    def forget(self) -> None:
        """Be as without a project."""
        self.project, self._trouble = None, ""
        self._kind, self._classes, self._object_classes = "instances", (), ()
        self.object_classes_ever = 0
        self._segment, self._teach, self._fresh = SegmentSettings(), TeachSettings(), FreshSettings()

    @property
    def trouble(self) -> str:
        """Why the project may not be on disk as it is here, and what to do, in a sentence; "" when it is."""
        return self._folder_trouble or self._trouble

    def say_trouble(self, sentence: str) -> None:
        """Once, not with every stroke, until the disk takes what waits."""
        sentence = self._folder_trouble or sentence
        if sentence != self._trouble:
            self._trouble = sentence
            self._signals.message.emit(sentence)
            self._signals.trouble_changed.emit()

    @contextmanager
    def telling_trouble(self) -> Iterator[None]:
        """What the disk refuses is said; it stands, and is written once there is room."""
        try:
            yield
        except UserError as error:
            self.say_trouble(str(error))

    def end_trouble(self) -> bool:
        """All is on disk; whether something else was said before."""
        said, self._trouble = self._trouble, ""
        if said:
            self._signals.trouble_changed.emit()
        return bool(said)

    @property
    def why_only_to_look_at(self) -> str:
        """Why nothing may be written into the project, in a sentence; "" when it may."""
        return "" if self.project is None else self.project.place.why_held

    @property
    def _folder_trouble(self) -> str:
        return "" if self.project is None else self.project.trouble

    @property
    def kind(self) -> Kind:
        """What labels mean in this project: instances (cells) or classes."""
        return self._kind

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """The classes of a project of kind classes."""
        return self._classes

    @property
    def class_names(self) -> dict[int, str]:
        """What values of labels are called, when they are classes."""
        return {one.value: one.name for one in self._classes} if self._kind == "classes" else {}

    @property
    def class_colors(self) -> dict[int, str]:
        """The colours of values of labels, when they are classes."""
        return {one.value: one.color for one in self._classes} if self._kind == "classes" else {}

    def set_kind(self, kind: Kind, classes: tuple[ClassName, ...]) -> None:
        """State what labels mean; `Images.choose_kind` asks first whether labels that exist allow it."""
        if (kind, classes) != (self._kind, self._classes):
            self._kind, self._classes = kind, tuple(classes)
            self._changed()

    @property
    def object_classes(self) -> tuple[ClassName, ...]:
        """The classes that objects are given, in a project of objects."""
        return self._object_classes

    @object_classes.setter
    def object_classes(self, classes: tuple[ClassName, ...]) -> None:
        if classes != self._object_classes:
            self._object_classes = classes
            self.object_classes_ever = max([self.object_classes_ever, *(one.value for one in classes)])
            self._save()

    @property
    def segment(self) -> SegmentSettings:
        """How *Segment* and a click run."""
        return self._segment

    @segment.setter
    def segment(self, settings: SegmentSettings) -> None:
        if settings != self._segment:
            self._segment = settings
            self._changed()

    @property
    def teach(self) -> TeachSettings:
        """How *Teach* runs."""
        return self._teach

    @teach.setter
    def teach(self, settings: TeachSettings) -> None:
        if settings != self._teach:
            self._teach = settings
            self._changed()

    @property
    def fresh(self) -> FreshSettings:
        """Which network a fresh start has."""
        return self._fresh

    @fresh.setter
    def fresh(self, settings: FreshSettings) -> None:
        if settings != self._fresh:
            self._fresh = settings
            self._changed()

    def _changed(self) -> None:
        self._save()
        self._signals.settings_changed.emit()

    def _save(self) -> None:
        if self.project is None:
            return
        record: dict[str, Any] = {"kind": self._kind, "classes": self._classes}
        record["object_classes"] = self._object_classes
        record["object_classes_ever"] = self.object_classes_ever
        record |= {"segment": self._segment, "teach": self._teach, "fresh": self._fresh}
        with self.telling_trouble():
            self.project.change(**record)
