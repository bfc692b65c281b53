"""A project: a folder with images, their labels and vouched voxels, and one lineage of models.

::

    <name>/project.json    what the labels mean, the order of the images, settings
           entries/<id>/   one image each: `entries`
           versions/       models: `versions`
           scratch/        arrays on their way to another process; emptied when the project opens and closes
           lock            held by the one window that has the project open
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout
from pydantic import ValidationError

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project import broken_off, durable, images
from napari_apprentice.project.entries import EntryFolder, read_image_record
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.large import LargeFolder
from napari_apprentice.project.versions import Lineage, now
from napari_apprentice.settings import ClassName, Kind, SegmentSettings, Settings, TeachSettings


class ProjectRecord(Settings):
    """What ``project.json`` holds."""

    format: int = 1
    name: str
    created: str
    kind: Kind = "instances"
    classes: tuple[ClassName, ...] = ()
    entries: tuple[str, ...] = ()
    segment: SegmentSettings = SegmentSettings()
    teach: TeachSettings = TeachSettings()
    fresh: FreshSettings = FreshSettings()


@dataclass(frozen=True)
class Recent:
    """A project that can be continued."""

    path: Path
    name: str
    images: int
    changed: datetime


class Project:
    """An open project; made by `create`, `open`, `latest` or `temporary`."""

    def __init__(self, path: Path, record: ProjectRecord, lock: FileLock, *, temporary: bool = False) -> None:
        self.path = path
        self.record = record
        self.is_temporary = temporary
        self.flusher = Flusher()
        self.lineage = Lineage(path / "versions")
        self.complaints: list[str] = []
        self._lock = lock
        self.entries: list[EntryFolder] = []
        for name in record.entries:
            try:
                self.entries.append(open_folder(path / "entries" / name, self.flusher))
            except UserError as error:
                self.complaints.append(str(error))
        self._empty_scratch()

    @classmethod
    def create(cls, path: str | Path | None = None, *, name: str = "") -> Project:
        """A new project in ``path``, or in a new folder named after ``name`` and today under `projects_folder`."""
        name = name or "project"
        path = _free_folder(name) if path is None else Path(path)
        if (path / "project.json").exists():
            raise UserError(f"{path} already holds a project: open it or choose another folder.")
        durable.make_folder(path)
        project = cls(path, ProjectRecord(name=name, created=now()), _locked(path))
        project.save()
        return project

    @classmethod
    def open(cls, path: str | Path) -> Project:
        """Open a project; `UserError` when there is none, it is damaged or another window has it."""
        path = Path(path)
        record = read_record(path)
        return cls(path, record, _locked(path))

    @classmethod
    def temporary(cls) -> Project:
        """A project that is gone when it is closed, for work without a window."""
        path = Path(tempfile.mkdtemp(prefix="apprentice-"))
        return cls(path, ProjectRecord(name="temporary", created=now()), _locked(path), temporary=True)

    @classmethod
    def latest(cls) -> Project | None:
        """Open the project worked on last that no other window has; None when there is none."""
        for recent in cls.recent():
            try:
                return cls.open(recent.path)
            except UserError:
                continue
        return None

    @staticmethod
    def recent() -> list[Recent]:
        """Projects in the usual place, the one worked on last first; reads one small file each."""
        found = []
        for document in projects_folder().glob("*/project.json"):
            try:
                record = read_record(document.parent)
                changed = max(path.stat().st_mtime for path in [document, *document.parent.glob("entries/*/*.*")])
            except (UserError, OSError):
                continue
            found.append(
                Recent(document.parent, record.name, len(record.entries), datetime.fromtimestamp(changed).astimezone())
            )
        return sorted(found, key=lambda recent: recent.changed, reverse=True)

    @property
    def name(self) -> str:
        """What the project is called."""
        return self.record.name

    @property
    def scratch(self) -> Path:
        """For arrays on their way to another process."""
        return self.path / "scratch"

    def change(self, **changes: object) -> None:
        """Change fields of the record and save it."""
        self.record = ProjectRecord.model_validate({**dict(self.record), **changes})
        self.save()

    def save(self) -> None:
        """Write ``project.json``."""
        if not self.is_temporary:
            durable.write_json(self.path / "project.json", self.record.model_dump(mode="json"))

    def keep(self, volume: Volume, *, by_region: bool = False) -> tuple[EntryFolder, bool]:
        """The folder of an image, and whether it is new; its labels are found again when it was here before.

        Labels of a new image that is worked on ``by_region`` are kept in a `LargeFolder`.
        """
        image = images.record_of(volume, by_region=by_region)
        for folder in self.entries:
            if images.is_same(folder.image, image):
                self._refresh(folder, image)
                return folder, False
        name = images.entry_id(image)
        folder = folder_of(self.path / "entries" / name, image, self.flusher)
        durable.make_folder(folder.path)
        folder.save_image(image if self.is_temporary else images.keep(volume, image, folder.path))
        self.entries.append(folder)
        self.change(entries=tuple(entry.id for entry in self.entries))
        return folder, True

    def forget(self, folder: EntryFolder) -> None:
        """Remove an image, its labels and its journal for good."""
        folder.close()
        self.entries.remove(folder)
        self.change(entries=tuple(entry.id for entry in self.entries))
        shutil.rmtree(folder.path, ignore_errors=True)

    def close(self) -> None:
        """Put everything on disk and let other windows open the project; `UserError` when the disk refuses."""
        troubles: list[UserError] = []
        for folder in self.entries:
            try:
                folder.close()
            except UserError as error:
                troubles.append(error)
        self.flusher.close()
        self._empty_scratch()
        self._lock.release()
        if self.is_temporary:
            shutil.rmtree(self.path, ignore_errors=True)
        if troubles:
            raise troubles[0]

    def _refresh(self, folder: EntryFolder, image: images.ImageRecord) -> None:
        """Note a moved file, or a pixel size that was corrected since."""
        known = folder.image
        kept = {
            "copied": known.copied,
            "reading": known.reading,
            "by_region": known.by_region,
            "source": image.source or known.source,
        }
        refreshed = image.model_copy(update=kept)
        if refreshed != folder.image:
            folder.save_image(refreshed)

    def _empty_scratch(self) -> None:
        broken_off.forget(self.scratch)
        shutil.rmtree(self.scratch, ignore_errors=True)


def open_folder(path: Path, flusher: Flusher) -> EntryFolder:
    """The folder of an image of the project; `UserError` when it cannot be read."""
    return folder_of(path, read_image_record(path), flusher)


def folder_of(path: Path, image: images.ImageRecord, flusher: Flusher) -> EntryFolder:
    """Where the labels of an image are kept, whole or by region."""
    return (LargeFolder if image.by_region else EntryFolder)(path, image, flusher)


def projects_folder() -> Path:
    """Where projects are made: ``$APPRENTICE_HOME/projects``, or the user's data folder."""
    home = os.environ.get("APPRENTICE_HOME") or platformdirs.user_data_dir("napari-apprentice", appauthor=False)
    return Path(home) / "projects"


def _free_folder(name: str) -> Path:
    stem = re.sub(r"[^\w-]+", "-", name).strip("-")[:60] or "project"
    base = f"{stem}-{datetime.now().astimezone():%Y-%m-%d}"
    folder = projects_folder()
    number = 1
    path = folder / base
    while path.exists():
        number += 1
        path = folder / f"{base}-{number}"
    return path


def _locked(path: Path) -> FileLock:
    lock = FileLock(path / "lock", blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(f"The project {path.name} is open in another window: close it there first.") from error
    except OSError as error:
        raise UserError(
            f"The project {path} cannot be opened for writing ({error.strerror}): check the folder."
        ) from error
    return lock


def read_record(path: Path) -> ProjectRecord:
    """What a project is, without locking it; `UserError` when there is none or it is damaged."""
    try:
        return ProjectRecord.model_validate(json.loads((path / "project.json").read_text()))
    except FileNotFoundError as error:
        raise UserError(f"{path} is not an apprentice project (it has no project.json): choose its folder.") from error
    except (OSError, ValueError, ValidationError) as error:
        raise UserError(f"{path / 'project.json'} cannot be read: restore it from a copy.") from error
