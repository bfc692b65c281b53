"""The projects in the usual place: which can be continued, and where a new one goes."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from napari_apprentice.data.storage.home import home
from napari_apprentice.errors import UserError
from napari_apprentice.project import overview
from napari_apprentice.project.record import ProjectRecord, read_project


@dataclass(frozen=True)
class RecentProject:
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


def recent_projects() -> list[RecentProject]:
    """Projects in the usual place, the one worked on last first; reads one small file each."""
    found = []
    for path in projects_folder().glob("*"):
        try:
            told = read_project(path)[0]
            if told.made_by_itself and not overview.is_worked_on(path):
                continue
            changed = max(one.lstat().st_mtime for one in [*path.glob("project.json"), *path.glob("entries/*/*.*")])
        except (UserError, OSError):
            continue
        found.append(_recent(path, told, datetime.fromtimestamp(changed).astimezone()))
    return sorted(found, key=lambda recent: recent.changed, reverse=True)


def remove_unused() -> None:
    """Remove projects that made themselves for an image and in which nothing was done before their window died."""
    for document in projects_folder().glob("*/project.json"):
        path = document.parent
        with suppress(UserError, OSError):
            record = read_project(path)[0]
            is_unused = record.made_by_itself and not record.is_newer and not overview.is_worked_on(path)
            if is_unused and not _is_open(path):
                shutil.rmtree(path, ignore_errors=True)


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


def _is_open(path: Path) -> bool:
    try:
        with FileLock(path / "lock", blocking=False):
            return False
    except Timeout:
        return True
    except OSError:  # a disk that cannot be written
        return False


def _recent(path: Path, record: ProjectRecord, changed: datetime) -> RecentProject:
    known = overview.read(path).objects
    counted = record.kind == "instances" and all(entry in known for entry in record.entries)
    objects = sum(known[entry] for entry in record.entries) if counted else None
    name = overview.title(path, record.name, record.entries)
    return RecentProject(path, name, len(record.entries), changed, objects, overview.picture_of(path))
