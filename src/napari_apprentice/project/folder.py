"""A project: a folder with images, their labels and vouched voxels, and one lineage of models.

::

    <name>/project.json    what the labels mean, the order of the images, settings
           entries/<id>/   one image each: `entries`
           versions/       models: `versions`
           scratch/        arrays on their way to another process; emptied when the project opens and closes
           lock            held by the one window that has the project open
           *.damaged       what could not be read, kept
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from napari_apprentice.data.home import home
from napari_apprentice.data.temporary import TemporaryFolder
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable, images, numbered, overview, salvage
from napari_apprentice.project.document import Document
from napari_apprentice.project.entries import EntryFolder
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.large import LargeFolder
from napari_apprentice.project.left_behind import clear_project
from napari_apprentice.project.place import Place
from napari_apprentice.project.record import ProjectRecord, is_project, read_project, write_anew
from napari_apprentice.project.versions import Lineage, now

__all__ = [
    "Project",
    "ProjectRecord",
    "Recent",
    "folder_of",
    "free_folder",
    "is_project",
    "projects_folder",
    "read_record",
]


@dataclass(frozen=True)
class Recent:
    """A project that can be continued; ``objects`` is None where they were not counted."""

    path: Path
    name: str
    images: int
    changed: datetime
    objects: int | None = None
    picture: Path | None = None

    @property
    def is_open(self) -> bool:
        """Whether a window has it now."""
        return _is_open(self.path)


class Project:
    """An open project; made by `create`, `open`, `latest` or `temporary`."""

    def __init__(self, place: Place, record: ProjectRecord, *, temporary: TemporaryFolder | None = None) -> None:
        self.path = place.path
        self.record = record
        self.place = place
        self._temporary = temporary
        self._document = Document(self.path / "project.json", self._check_place)
        self.flusher = Flusher(place=place)
        self.lineage = Lineage(self.path / "versions")
        self.complaints: list[str] = []
        self.entries: list[EntryFolder] = []
        self._unread: list[str] = []  # images that are here and could not be opened
        self._refuge: TemporaryFolder | None = None  # for arrays, while the folder is gone
        self._is_doubtful = False  # whether the records on disk may not be what was written
        for name in record.entries:
            self._open(name)
        self._mend(self.lineage.complaint, self.lineage.mend)
        self._empty_scratch()
        self._watch(place)

    @classmethod
    def create(cls, path: str | Path | None = None, *, name: str = "", by_itself: bool = False) -> Project:
        """A new project in ``path``, or in a new folder named after ``name`` and today under `projects_folder`.

        One that nobody asked for is made ``by_itself``: it is not listed until something is done in it.
        """
        name = name or "project"
        path = free_folder(projects_folder(), name) if path is None else Path(path)
        if is_project(path):
            raise UserError(f"{path} already holds a project: open it or choose another folder.")
        is_new = not path.exists()
        try:
            durable.make_folder(path)
            project = cls(Place(path), ProjectRecord(name=name, made_by_itself=by_itself, created=now()))
            try:
                project.save()
            except UserError:
                with suppress(UserError):
                    project.close()
                raise
        except UserError:
            if is_new:
                shutil.rmtree(path, ignore_errors=True)
            raise
        return project

    @classmethod
    def open(cls, path: str | Path) -> Project:
        """Open a project, and of a damaged one what can be read: ``complaints`` say what cannot.

        `UserError` when there is none, nothing of it can be read or another window has it.
        """
        path = Path(path)
        read_project(path)  # before anything is made in a folder that is none
        place = Place(path)
        try:
            found, complaints = read_project(path)
        except UserError:
            place.release()
            raise
        project = cls(place, found)
        for complaint in complaints:
            project._mend(complaint, lambda: write_anew(path, project.record))
        return project

    @classmethod
    def temporary(cls) -> Project:
        """A project that is gone when it is closed, for work without a window; `UserError` when there is no room."""
        folder = TemporaryFolder()
        return cls(Place(folder.path), ProjectRecord(name="temporary", created=now()), temporary=folder)

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
                told = read_record(document.parent)
                if told.made_by_itself and not overview.is_worked_on(document.parent):
                    continue
                changed = max(path.stat().st_mtime for path in [document, *document.parent.glob("entries/*/*.*")])
            except (UserError, OSError):
                continue
            found.append(_recent(document.parent, told, datetime.fromtimestamp(changed).astimezone()))
        return sorted(found, key=lambda recent: recent.changed, reverse=True)

    @staticmethod
    def sweep() -> None:
        """Remove projects that made themselves for an image and in which nothing was done before their window died."""
        for document in projects_folder().glob("*/project.json"):
            path = document.parent
            with suppress(UserError, OSError):
                if read_record(path).made_by_itself and not overview.is_worked_on(path) and not _is_open(path):
                    shutil.rmtree(path, ignore_errors=True)

    @property
    def is_temporary(self) -> bool:
        """Whether it is gone when it is closed."""
        return self._temporary is not None

    @property
    def name(self) -> str:
        """What the project is called: after its images, unless it was given another name."""
        return overview.title(self.path, self.record.name, self.record.entries)

    @property
    def scratch(self) -> Path:
        """For arrays on their way to another process; elsewhere while the project's folder is out of reach."""
        if not self.place.trouble:
            return self.path / "scratch"
        if self._refuge is None:
            self._refuge = TemporaryFolder()
        return self._refuge.path

    @property
    def trouble(self) -> str:
        """What is wrong with the project's folder, and what to do, in a sentence; "" when all is well."""
        return self.place.trouble

    @property
    def is_behind(self) -> bool:
        """Whether the disk does not have all labels and records as they are in memory."""
        records = self._document.is_behind or self.lineage.is_behind
        return records or any(folder.is_behind or folder.is_doubtful for folder in self.entries)

    def catch_up(self) -> None:
        """Write what the disk refused before, and all records when the folder went away and came back.

        Labels that may not be on disk are written by who has them. `UserError` when the disk still refuses.
        """
        if self._is_doubtful and not self.is_temporary:
            for folder in self.entries:
                folder.save_image(folder.image)
            self.lineage.save()
            self.save()
        self._is_doubtful = False
        self._document.retry()
        self.lineage.retry()
        for folder in self.entries:
            if not folder.is_doubtful:
                folder.retry()

    @property
    def names(self) -> tuple[str, ...]:
        """The images, by the names of their folders, also those that could not be opened."""
        return (*(entry.id for entry in self.entries), *self._unread)

    def change(self, **changes: object) -> None:
        """Change fields of the record and save it; `UserError` when the disk refuses, and then it waits."""
        self.record = ProjectRecord.model_validate({**dict(self.record), **changes})
        self.save()

    def save(self) -> None:
        """Write ``project.json``."""
        if self.is_temporary:
            self._check_place()
        else:
            self._document.write(self.record.model_dump(mode="json"))

    def keep(self, volume: Volume, *, by_region: bool = False) -> tuple[EntryFolder, bool]:
        """The folder of an image, and whether it is new; its labels are found again when it was here before.

        Labels of a new image that is worked on ``by_region`` are kept in a `LargeFolder`.
        """
        image = images.record_of(volume, by_region=by_region)
        for folder in self.entries:
            if images.is_same(folder.image, image):
                self._refresh(folder, image)
                if folder.image.copied:
                    images.keep_again(volume, folder.image, folder.path)
                return folder, False
        name = images.entry_id(image)
        folder = folder_of(self.path / "entries" / name, image, self.flusher)
        is_new = not folder.path.exists()
        folder.make()
        if name in self._unread:
            self._unread.remove(name)
            _set_aside(folder.path / "entry.json")
        try:
            kept = image if self.is_temporary else images.keep(volume, image, folder.path)
        except UserError:
            if is_new:
                shutil.rmtree(folder.path, ignore_errors=True)
            raise
        self.entries.append(folder)
        with suppress(UserError):  # it waits, and whoever catches up says so
            folder.save_image(kept)
        with suppress(UserError):
            self.change(entries=self.names)
        return folder, True

    def forget(self, folder: EntryFolder) -> None:
        """Remove an image, its labels and its journal for good."""
        self.entries.remove(folder)
        with suppress(UserError):  # it goes anyway
            folder.close()
        with suppress(OSError):
            (folder.path / "entry.json").unlink(missing_ok=True)  # first: a folder without it is no image
        with suppress(UserError):
            self.change(entries=self.names)
        shutil.rmtree(folder.path, ignore_errors=True)
        with suppress(UserError):  # there is more room now
            self.catch_up()

    def close(self) -> None:
        """Put everything on disk and let other windows open the project; `UserError` when the disk refuses."""
        troubles: list[UserError] = []
        for put in (self._document.retry, self.lineage.retry, *(folder.close for folder in self.entries)):
            try:
                put()
            except UserError as error:
                troubles.append(error)
        self.flusher.close()
        self._empty_scratch()
        self.place.release()
        if self._temporary is not None:
            self._temporary.close()
        elif troubles:
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
            with suppress(UserError):  # it waits
                folder.save_image(refreshed)

    def _open(self, name: str) -> None:
        """Open the folder of an image, or say why not; its name is kept for when it can be."""
        path = self.path / "entries" / name
        try:
            image, wrong = images.read_record(path)
            folder = folder_of(path, image, self.flusher)
        except UserError as error:
            self._unread.append(name)
            self.complaints.append(str(error))
            return
        self.entries.append(folder)
        if wrong:
            self._mend(salvage.sentence(path / "entry.json", wrong), lambda: _rewrite(folder))

    def _mend(self, complaint: str, mend: Callable[[], None]) -> None:
        """Say what could not be read, and write the rest anew, so that it is said once."""
        if complaint:
            self.complaints.append(complaint)
            try:
                mend()
            except UserError as error:
                self.complaints.append(str(error))

    def _watch(self, place: Place) -> None:
        place.is_ours = self._is_at_its_place
        place.on_return = self._doubt

    def _is_at_its_place(self) -> bool:
        try:
            return not self.is_temporary and read_record(self.path).created == self.record.created
        except UserError:
            return False

    def _doubt(self) -> None:
        self._is_doubtful = True
        for folder in self.entries:
            folder.doubt()

    def _empty_scratch(self) -> None:
        clear_project(self.path)
        if self._refuge is not None:
            self._refuge.close()

    def _check_place(self) -> None:
        if self.place.trouble:
            raise UserError(self.place.trouble)


def _is_open(path: Path) -> bool:
    try:
        with FileLock(path / "lock", blocking=False):
            return False
    except Timeout:
        return True
    except OSError:  # a disk that cannot be written
        return False


def _recent(path: Path, record: ProjectRecord, changed: datetime) -> Recent:
    known = overview.read(path).objects
    counted = record.kind == "instances" and all(entry in known for entry in record.entries)
    objects = sum(known[entry] for entry in record.entries) if counted else None
    name = overview.title(path, record.name, record.entries)
    return Recent(path, name, len(record.entries), changed, objects, overview.picture_of(path))


def folder_of(path: Path, image: images.ImageRecord, flusher: Flusher) -> EntryFolder:
    """Where the labels of an image are kept, whole or by region."""
    return (LargeFolder if image.by_region else EntryFolder)(path, image, flusher)


def _rewrite(folder: EntryFolder) -> None:
    _set_aside(folder.path / "entry.json")
    folder.save_image(folder.image)


def _set_aside(file: Path) -> None:
    try:
        if os.path.lexists(file):
            numbered.set_aside(file)
    except OSError as error:
        raise durable.disk_trouble(error, file) from error


def projects_folder() -> Path:
    """Where projects are made: ``$APPRENTICE_HOME/projects``, or the user's data folder."""
    return home() / "projects"


def free_folder(parent: Path, name: str) -> Path:
    """A folder that is not there yet, named after ``name`` and today."""
    stem = re.sub(r"[^\w-]+", "-", name).strip("-")[:60] or "project"
    base = f"{stem}-{datetime.now().astimezone():%Y-%m-%d}"
    number = 1
    path = parent / base
    while path.exists():
        number += 1
        path = parent / f"{base}-{number}"
    return path


def read_record(path: Path) -> ProjectRecord:
    """What a project is, without locking it; `UserError` when there is none or it is damaged."""
    return read_project(path)[0]
