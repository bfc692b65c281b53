"""Getting what was written onto the disk, so that it is there after a loss of power.

A file that was synced is there only when the folder that names it was synced too, and this one when the folder it is in
was. Windows has no such call for folders and needs none.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_MANY = 200  # files; beyond it one call for the whole disk is faster
_NOT_HERE = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)  # a file system that cannot sync folders


def sync_file(path: Path) -> None:
    """Put what is in a file on disk; `OSError` when the disk refuses."""
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Put on disk which names there are in a folder; `OSError` when the disk refuses."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Put a folder with all in it on disk; its own name is in another folder. `OSError` when the disk refuses."""
    everything = list(_all_in(path))
    if len(everything) > _MANY and sys.platform == "linux":  # elsewhere this call does not wait
        os.sync()
        return
    for one in everything:
        if one.is_dir():
            sync_folder(one)
        else:
            sync_file(one)


def make_folder(path: Path, *, parents: bool = True) -> None:
    """Make a folder, and those it is in, so that they are there after a loss of power; `OSError` when refused."""
    missing = [one for one in (path, *path.parents) if not one.is_dir()]
    path.mkdir(parents=parents, exist_ok=True)
    for one in missing:
        sync_folder(one.parent)


def _all_in(path: Path) -> Iterator[Path]:
    """Files and folders, what is in a folder before it; no links."""
    for one in path.iterdir():
        if one.is_dir() and not one.is_symlink():
            yield from _all_in(one)
        elif one.is_file() and not one.is_symlink():
            yield one
    yield path
