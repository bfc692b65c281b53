"""A project goes on in another folder: what is in memory is written there, all else copied as far as it can be read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.objects.marks import Marks
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable, images, numbered
from napari_apprentice.project.folder import Project
from napari_apprentice.project.image_folder import ImageFolder
from napari_apprentice.project.place import Place
from napari_apprentice.project.recent import free_folder
from napari_apprentice.project.record import is_project
from napari_apprentice.project.versions import CLICK_VERSIONS

_PIECE = 1 << 22  # bytes
_NEVER = ("lock", "proposal.zarr")  # names that belong to where a project was


@dataclass(frozen=True)
class InMemory:
    """What is known of an image without its folder: pixels, and labels and confirmed voxels (of the open region)."""

    volume: Volume | None
    labels: NDArray[np.uint32] | None = None
    confirmed: NDArray[np.uint8] | None = None
    taught: int = 0
    marks: Marks = field(default_factory=dict)


def folder_for(project: Project, chosen: Path) -> Path:
    """Where a project goes when a folder was chosen: there when it is empty or new, else into a new folder in it."""
    try:
        is_free = not chosen.exists() or (not is_project(chosen) and not any(chosen.iterdir()))
    except OSError as error:
        raise durable.disk_trouble(error, chosen / "project.json") from error
    return chosen if is_free else free_folder(chosen, project.name)


def move_project(project: Project, path: Path, known: Mapping[str, InMemory]) -> tuple[Project, list[str]]:
    """The project in a new folder, open and whole, and a sentence for each thing that could not be read any more.

    ``known`` is what is in memory, by the names of images. `UserError` when the new folder cannot be written: then
    nothing is left of it. The old project is as it was, and still open.
    """
    is_new = not path.exists()
    durable.make_folder(path)
    place = Place(path)
    new: Project | None = None
    try:
        unread = _write(project, path, known)
        record = project.record.in_this_format()
        new = Project(place, record.model_copy(update={"entries": project.names}))
        new.save()
        for folder in new.entries:
            _write_labels(folder, known.get(folder.id))
        if hasattr(os, "sync"):
            os.sync()
    except (UserError, OSError) as error:
        _give_up(new, place, path, is_new=is_new)
        raise error if isinstance(error, UserError) else durable.disk_trouble(error, path / "project.json") from error
    return new, [*new.complaints, *_told(unread)]


def _write(project: Project, path: Path, known: Mapping[str, InMemory]) -> list[Path]:
    """Everything but labels that are in memory; the files that cannot be read."""
    unread: list[Path] = []
    for lineage in (project.lineage, project.click_lineage):
        folder_there = path / lineage.folder.name
        unread += _copied(lineage.folder, folder_there)
        durable.make_folder(folder_there)
        lineage.write_in(folder_there)
    for name in project.names:
        durable.make_folder(path / "entries" / name)
        folder = next((one for one in project.entries if one.id == name), None)
        found = known.get(name, InMemory(None))
        skipped = () if folder is None or found.labels is None else folder.names_of_labels
        left = list(_copied(project.path / "entries" / name, path / "entries" / name, skipped))
        if folder is not None:
            left = [one for one in left if one.name != "entry.json"]
            pixels = folder.path / "pixels.npy"
            if _write_image(project, folder, path / "entries" / name, found):
                left = [one for one in left if one != pixels]
        unread += left
    return unread


def _write_image(project: Project, folder: ImageFolder, path: Path, found: InMemory) -> bool:
    """Write what an image is, and its pixels when no file has them any more; whether they are there."""
    image, volume = folder.image, found.volume
    if project.is_temporary and volume is not None:
        image = images.keep(volume, image, path)
    elif image.copied and volume is not None and _can_be_read(volume, folder.path / "pixels.npy"):
        images.keep_again(volume, image, path)
    folder.write_in(path, image)
    return not image.copied or (path / "pixels.npy").exists()


def _can_be_read(volume: Volume, file: Path) -> bool:
    """Whether pixels are in memory, or mapped from a file that was deleted: one on a drive that is gone must not be."""
    return not isinstance(volume.pixels, np.memmap) or not os.path.lexists(file)


def _write_labels(folder: ImageFolder, found: InMemory | None) -> None:
    if found is not None and found.labels is not None and found.confirmed is not None:
        folder.begin()
        folder.keep_marks(found.marks)
        folder.write_all(found.labels, found.confirmed, found.taught)


def _copied(source: Path, target: Path, skipped: tuple[str, ...] = ()) -> Iterator[Path]:
    """Copy a folder; the files and folders in it that cannot be read. `UserError` when the disk refuses the copy."""
    try:
        found = sorted(source.iterdir())
    except FileNotFoundError:
        return
    except OSError:
        yield source
        return
    for one in found:
        if one.name in _NEVER or one.name.startswith((*skipped, ".")):
            continue
        if one.is_dir() and not one.is_symlink():
            yield from _copied(one, target / one.name)
        elif numbered.is_readable(one) and not _is_copied(one, target / one.name):
            yield one


def _is_copied(source: Path, target: Path) -> bool:
    durable.make_folder(target.parent)
    try:
        with source.open("rb") as file, target.open("wb") as copy:
            while piece := _read(file):
                copy.write(piece)
    except _UnreadError:
        target.unlink(missing_ok=True)
        return False
    except OSError as error:
        if error.filename == str(source):
            return False
        raise durable.disk_trouble(error, target) from error
    return True


class _UnreadError(Exception):
    pass


def _read(file: BinaryIO) -> bytes:
    try:
        return file.read(_PIECE)
    except OSError as error:
        raise _UnreadError from error


def _told(unread: list[Path]) -> list[str]:
    if not unread:
        return []
    more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
    return [f"{unread[0]}{more} could not be read and is not in the new folder: copy it there when it can be."]


def _give_up(new: Project | None, place: Place, path: Path, *, is_new: bool) -> None:
    with suppress(UserError):
        if new is None:
            place.release()
        else:
            new.close()
    for name in ("entries", "versions", CLICK_VERSIONS, "scratch"):
        shutil.rmtree(path / name, ignore_errors=True)
    with suppress(OSError):
        for name in ("project.json", "lock"):
            (path / name).unlink(missing_ok=True)
        if is_new:
            path.rmdir()
