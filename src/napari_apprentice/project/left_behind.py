"""What processes that died left: in the places where they work, and in projects."""

from __future__ import annotations

import shutil
from pathlib import Path

from filelock import FileLock, Timeout

from napari_apprentice.data.storage import claims
from napari_apprentice.data.storage.atomic_write import PART
from napari_apprentice.project.versions import CLICK_VERSIONS


def clear(projects: Path) -> None:
    """Remove temporary files, what was being written, and arrays on their way in the projects of a folder.

    Nothing of a process that lives is touched.
    """
    claims.clear()
    for scratch in projects.glob("*/scratch"):
        file = scratch.parent / "lock"
        if file.is_symlink() or not file.is_file():
            continue  # whoever opens it mends that
        lock = FileLock(file, blocking=False)
        try:
            lock.acquire()
        except (OSError, NotImplementedError, Timeout):
            continue  # somebody has it open
        try:
            clear_project(scratch.parent)
        finally:
            lock.release()


def clear_project(path: Path) -> None:
    """The same in a project that no other process has open."""
    shutil.rmtree(path / "scratch", ignore_errors=True)
    for pattern in ("", "versions/", f"{CLICK_VERSIONS}/", "entries/*/"):
        for part in path.glob(f"{pattern}{PART}*"):
            claims.remove_all(part)
