"""A project: a folder with images, their labels and confirmed voxels, and one lineage of models.

::

    <name>/project.json    what the labels mean, the order of the images, settings
           entries/<id>/   one image each: `entries`
           versions/       models: `versions`
           click-versions/ the same of the network that is asked by clicks
           scratch/        arrays on their way to another process; emptied when the project opens and closes
           lock            held by the one window that has the project open
           *.damaged       what could not be read, kept
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage.disk import checked_path
from napari_apprentice.data.storage.temporary import TemporaryFolder
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable, images, overview, salvage
from napari_apprentice.project.document import Document
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.image_folder import ImageFolder
from napari_apprentice.project.large import LargeImageFolder
from napari_apprentice.project.left_behind import clear_project
from napari_apprentice.project.place import Place
from napari_apprentice.project.recent import free_folder, projects_folder
from napari_apprentice.project.record import ProjectRecord, is_project, read_project
from napari_apprentice.project.versions import CLICK_VERSIONS, Lineage, now


class Project:
    """An open project; made by `create`, `open` or `temporary`."""

    def __init__(self, place: Place, record: ProjectRecord, *, temporary: TemporaryFolder | None = None) -> None:
        self.path = place.path
        self.record = record
        self.place = place
        self._temporary = temporary
        self._document = Document(
            self.path / "project.json", lambda: self.record.model_dump(mode="json"), self.place.check
        )
        self.lineage = Lineage(self.path / "versions", self.place.check)
        self.click_lineage = Lineage(self.path / CLICK_VERSIONS, self.place.check)
        self.flusher = Flusher(place=place)
        self.complaints: list[str] = []
        self.entries: list[ImageFolder] = []
        self._unread: list[str] = []  # images that are here and could not be opened
        self._refuge: TemporaryFolder | None = None  # for arrays, while the folder is gone
        for name in record.entries:
            self._open(name)
        for lineage in (self.lineage, self.click_lineage):
            self._mend([lineage.complaint] if lineage.complaint else [], lineage.mend)
        self._empty_scratch()
        self._watch(place)
        if place.is_read_only:
            self.complaints.append(place.trouble)

    @classmethod
    def create(cls, path: str | Path | None = None, *, name: str = "", by_itself: bool = False) -> Project:
        """A new project in ``path``, or in a new folder named after ``name`` and today under `projects_folder`.

        One that nobody asked for is made ``by_itself``: it is not listed until something is done in it.
        """
        name = name or "project"
        path = free_folder(projects_folder(), name) if path is None else checked_path(path)
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

        Into one of a newer version nothing is written: it is to look at. `UserError` when there is none, nothing of it
        can be read or another window has it.
        """
        path = checked_path(path)
        record, _ = read_project(path)  # before anything is made in a folder that is none
        if record.is_newer:
            return cls(Place(path, why_read_only=_of_newer(path)), record)
        place = Place(path)
        try:
            found, complaints = read_project(path)
            project = cls(place, found)
        except UserError:
            place.release()
            raise
        project._mend(complaints, project._document.mend)
        return project

    @classmethod
    def temporary(cls) -> Project:
        """A project that is gone when it is closed, for work without a window; `UserError` when there is no room."""
        folder = TemporaryFolder()
        return cls(Place(folder.path), ProjectRecord(name="temporary", created=now()), temporary=folder)

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
        own = self.path / "scratch"
        with suppress(OSError):
            if not self.place.trouble:
                own.mkdir(exist_ok=True)
                return own
        if self._refuge is None:
            self._refuge = TemporaryFolder()
        return self._refuge.path

    @property
    def trouble(self) -> str:
        """What is wrong with the project's folder, and what to do, in a sentence; "" when all is well."""
        return self.place.trouble

    @property
    def _kept(self) -> list[Document | Lineage | ImageFolder]:
        """What is on disk, or waits to be."""
        return [self._document, self.lineage, self.click_lineage, *self.entries]

    @property
    def is_behind(self) -> bool:
        """Whether the disk does not have all labels and records as they are in memory."""
        return any(one.is_behind for one in self._kept)

    def catch_up(self) -> None:
        """Write what the disk refused before, and all records when the folder went away and came back.

        Labels that may not be on disk are written by who has them. `UserError` when the disk still refuses.
        """
        durable.each(one.catch_up for one in self._kept)

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
            self.place.check()
        else:
            self._document.write()

    def keep(self, volume: Volume, *, by_region: bool = False) -> tuple[ImageFolder, bool]:
        """The folder of an image, and whether it is new; its labels are found again when it was here before.

        Labels of a new image that is worked on ``by_region`` are kept in a `LargeImageFolder`.
        """
        image = images.record_of(volume, by_region=by_region)
        for folder in self.entries:
            if images.is_same(folder.image, image):
                self._refresh(folder, image)
                if folder.image.copied and not self.trouble:
                    images.keep_again(volume, folder.image, folder.path)
                return folder, False
        name = images.entry_id(image, taken=[folder.id for folder in self.entries])
        folder = folder_of(self.path / "entries" / name, image, self.flusher)
        is_new = not folder.path.exists()
        folder.make()
        try:
            kept = image if self.is_temporary else images.keep(volume, image, folder.path)
        except UserError:
            if is_new:
                shutil.rmtree(folder.path, ignore_errors=True)
            raise
        self.entries.append(folder)
        with suppress(UserError):  # it waits, and whoever catches up says so
            if name in self._unread:
                self._unread.remove(name)
                folder.mend(kept)
            else:
                folder.save_image(kept)
        with suppress(UserError):
            self.change(entries=self.names)
        return folder, True

    def forget(self, folder: ImageFolder) -> None:
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
        try:
            records = (self._document, self.lineage, self.click_lineage)
            durable.each([*(one.catch_up for one in records), *(folder.close for folder in self.entries)])
        except UserError:
            if not self.is_temporary:
                raise
        finally:
            self.flusher.close()
            self._empty_scratch()
            self.place.release()
            if self._temporary is not None:
                self._temporary.close()

    def _refresh(self, folder: ImageFolder, image: images.ImageRecord) -> None:
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
            self._mend([salvage.sentence(path / "entry.json", wrong)], lambda: folder.mend(image))

    def _mend(self, complaints: Sequence[str], mend: Callable[[], None]) -> None:
        """Say what could not be read, and write the rest anew, so that it is said once."""
        if complaints and not self.place.is_read_only:
            self.complaints += complaints
            try:
                mend()
            except UserError as error:
                self.complaints.append(str(error))

    def _watch(self, place: Place) -> None:
        place.is_ours = self._is_at_its_place
        place.on_return = self._doubt

    def _is_at_its_place(self) -> bool:
        try:
            return not self.is_temporary and read_project(self.path)[0].created == self.record.created
        except UserError:
            return False

    def _doubt(self) -> None:
        for one in self._kept:
            one.doubt()

    def _empty_scratch(self) -> None:
        self.place.look()
        if not self.place.trouble:  # else what lies there is not ours to empty
            clear_project(self.path)
        if self._refuge is not None:
            self._refuge.close()


def _of_newer(path: Path) -> str:
    return (
        f"{path} was written by a newer version of napari-apprentice: look at it and export, but nothing is written "
        "into it; update napari-apprentice to go on with it, or save the project in another folder."
    )


def folder_of(path: Path, image: images.ImageRecord, flusher: Flusher) -> ImageFolder:
    """Where the labels of an image are kept, whole or by region."""
    return (LargeImageFolder if image.by_region else ImageFolder)(path, image, flusher)
