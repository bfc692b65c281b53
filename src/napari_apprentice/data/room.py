"""Room on a disk, set aside before it is needed, and what to say when there is none.

A file that was only made long has no room yet: the first write through a memory map that finds none is a signal, which
ends the process. What is `reserve`d first is an `OSError` instead.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from napari_apprentice.errors import UserError, what_to_do

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_ON_WINDOWS = (39, 112)
_NOT_HERE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)  # a file system that cannot set room aside
_PIECE = 1 << 20  # bytes
TEMPORARY = "napari-apprentice-"  # how names of temporary folders begin


def reserve(file: BinaryIO, size: int) -> None:
    """Lengthen ``file`` to ``size`` bytes, zeros that the disk has room for; `OSError` when it has not."""
    file.flush()
    there = file.seek(0, os.SEEK_END)
    if size <= there:
        return
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), there, size - there)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
        else:
            return
    write_zeros(file, size - there)


def write_zeros(file: BinaryIO, count: int) -> None:
    """Write ``count`` zeros where ``file`` is, which sets room aside on any system."""
    zeros = bytes(min(count, _PIECE))
    while count > 0:
        count -= file.write(zeros[: min(count, _PIECE)])
    file.flush()


def refuse(folder: Path, needed: int, what: str) -> None:
    """`UserError` when the disk of ``folder`` has no room for ``what``: before long work, not after it."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return  # nothing is known: writing will say it
    if free < needed:
        raise _full(folder, free, needed, what)


def is_full(error: OSError) -> bool:
    """Whether there was no room; NumPy tells it without a number."""
    if error.errno is None:
        return "requested and" in str(error)
    return error.errno in _FULL or getattr(error, "winerror", None) in _FULL_ON_WINDOWS


def refused(error: OSError, path: Path, needed: int | None = None, what: str = "") -> UserError:
    """What to do about a file that the disk refused; ``needed`` are bytes of ``what`` ("the pixels of cells")."""
    if not is_full(error):
        reason = error.strerror or error
        return UserError(f"Cannot write {path} ({reason}): {what_to_do(error)}.")
    folder = _nearest(path.parent)
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        free = 0
    return _full(folder, free, needed, what)


def is_temporary(folder: Path) -> bool:
    """Whether a folder lies in one of our temporary folders, or would hold one."""
    try:
        inside = folder.resolve().relative_to(Path(tempfile.gettempdir()).resolve())
    except (OSError, ValueError):  # there is no place for temporary files at all, or it is elsewhere
        return False
    return not inside.parts or inside.parts[0].startswith(TEMPORARY)


def _full(folder: Path, free: int, needed: int | None, what: str) -> UserError:
    told = f"{_bytes(free)} are free in {folder}"
    if needed is not None:
        told += f" and {_bytes(needed)} are needed" + (f" for {what}" if what else "")
    if is_temporary(folder):
        advice = "free some space there, or set TMPDIR to a folder on a larger disk and start again"
    else:
        advice = "free some space there or choose another folder"
    return UserError(f"The disk is full ({told}): {advice}.")


def _bytes(count: int) -> str:
    """Bytes for people: decimal, as disks are sold."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} bytes"


def _nearest(folder: Path) -> Path:
    """The folder, or the one above it that is there."""
    return next((one for one in (folder, *folder.parents) if one.is_dir()), folder)
