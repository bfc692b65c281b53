"""What a project is: ``project.json``, and which images there are when it does not say."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data.storage.disk import checked_path
from napari_apprentice.errors import UserError
from napari_apprentice.project import salvage
from napari_apprentice.settings import ClassName, FiniteSettings, Kind, SegmentSettings, TeachSettings

_FORMAT = 1


class ProjectRecord(FiniteSettings):
    """What ``project.json`` holds."""

    format: Annotated[int, Field(ge=1)] = _FORMAT
    name: str
    made_by_itself: bool = False  # in a window, with the first image: listed once something was done
    created: str
    kind: Kind = "instances"
    classes: tuple[ClassName, ...] = ()
    object_classes: tuple[ClassName, ...] = ()  # that objects are given
    object_classes_ever: int = 0  # the highest value that one of them ever had: no other class may get it
    entries: tuple[str, ...] = ()
    current: str = ""  # the image that was worked on last
    segment: SegmentSettings = SegmentSettings()
    teach: TeachSettings = TeachSettings()
    fresh: FreshSettings = FreshSettings()

    @property
    def is_newer(self) -> bool:
        """Whether a version of this program that came later wrote it."""
        return self.format > _FORMAT

    def in_this_format(self) -> ProjectRecord:
        """The same as this version writes it."""
        return self.model_copy(update={"format": _FORMAT})


def is_project(path: Path) -> bool:
    """Whether a folder holds a project, or images of one whose ``project.json`` was lost."""
    return os.path.lexists(path / "project.json") or bool(entries_in(path))


def read_project(path: Path) -> tuple[ProjectRecord, list[str]]:
    """What a project is, without locking it, and a sentence for each thing that is wrong.

    Of one that ``is_newer`` only what is understood, and nothing is said of the rest. `UserError` when there is no
    project, or it cannot be read.
    """
    file = checked_path(path) / "project.json"
    instead = {"name": path.name, "created": _changed(path)}
    try:
        record, wrong = salvage.read(file, ProjectRecord, instead)
    except FileNotFoundError as error:
        if not entries_in(path):
            raise UserError(
                f"{path} is not an apprentice project (it has no project.json): choose its folder."
            ) from error
        return _without_record(path, instead, "is missing")
    except (OSError, ValueError, ValidationError) as error:
        if isinstance(error, OSError) or not entries_in(path):
            raise UserError(f"{file} cannot be read: restore it from a copy.") from error
        return _without_record(path, instead, "cannot be read and was set aside")
    if record.is_newer:
        return with_entries(path, record, [])[0], []
    return with_entries(path, record, [salvage.sentence(file, wrong)] if wrong else [])


def with_entries(path: Path, record: ProjectRecord, sentences: list[str]) -> tuple[ProjectRecord, list[str]]:
    """The record with the images that lie in the folder but are not named, and without names that lead elsewhere."""
    named = [name for name in dict.fromkeys(record.entries) if _is_plain(name)]
    found = [name for name in entries_in(path) if name not in named]
    if len(named) < len(record.entries):
        sentences = [
            *sentences,
            f"{path / 'project.json'} names images that are not in the project: they are left out.",
        ]
    if found:
        count = "An image was" if len(found) == 1 else f"{len(found)} images were"
        sentences = [
            *sentences,
            f"{count} found in {path} that its project.json does not name: look whether all are here.",
        ]
    return record.model_copy(update={"entries": (*named, *found)}), sentences


def entries_in(path: Path) -> list[str]:
    """The images in a project's folder, the oldest first."""
    try:
        records = [(one.stat().st_mtime, one.parent.name) for one in path.glob("entries/*/entry.json")]
    except OSError:
        return []
    return [name for _, name in sorted(records)]


def _without_record(path: Path, instead: dict[str, str], why: str) -> tuple[ProjectRecord, list[str]]:
    record = ProjectRecord(name=instead["name"], created=instead["created"], entries=tuple(entries_in(path)))
    return record, [
        f"{path / 'project.json'} {why}: the images are here with their labels, but not the settings, nor whether "
        "labels are objects or classes; set that again."
    ]


def _is_plain(name: str) -> bool:
    return name not in ("", ".", "..") and not set(name) & set("/\\:\0")


def _changed(path: Path) -> str:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime).astimezone().isoformat(timespec="seconds")
    except OSError:
        return ""
