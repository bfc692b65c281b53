"""What a disk refuses, and what to do about it: the one place that says so, by what the system reports."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

from napari_apprentice.errors import UserError

TEMPORARY = "napari-apprentice-"  # how names of temporary folders begin


def _numbers(*names: str) -> frozenset[int]:
    """Those of these errors that this system knows."""
    return frozenset(getattr(errno, name) for name in names if hasattr(errno, name))


_FULL = _numbers("ENOSPC", "EDQUOT", "EFBIG")
_FULL_ON_WINDOWS = (39, 112)
_NOT_ALLOWED = _numbers("EROFS", "EACCES", "EPERM")
_ABSENT = _numbers("ENOENT", "ENOTDIR")
_OUT_OF_REACH = _numbers(
    "EIO", "ESTALE", "ENODEV", "ENXIO", "ETIMEDOUT", "EHOSTDOWN", "EHOSTUNREACH", "ENOTCONN", "EREMOTEIO"
)


def checked_path(path: str | Path) -> Path:
    """The path; `UserError` when no file can be called so."""
    if "\0" in str(path):
        raise UserError(
            f"{str(path)!r} has a zero character in it, which no name of a file can have: choose another one."
        )
    return Path(path)


def is_full(error: OSError) -> bool:
    """Whether there was no room; NumPy tells it without a number."""
    if error.errno is None:
        return "requested and" in str(error)
    return error.errno in _FULL or getattr(error, "winerror", None) in _FULL_ON_WINDOWS


def refuses(error: OSError) -> bool:
    """Whether the disk does not give or take something: no room, not allowed, out of reach."""
    return is_full(error) or gives_nothing(error)


def gives_nothing(error: OSError) -> bool:
    """Whether the disk does not give a file, of which nothing is known then: it need not be damaged."""
    return error.errno in _NOT_ALLOWED | _OUT_OF_REACH


def what_to_write(error: OSError, folder: Path) -> str:
    """What helps against a write into ``folder`` that failed, to follow "...: " in a sentence."""
    if is_full(error):
        if is_temporary(folder):
            return "free some space there, or set TMPDIR to a folder on a larger disk and start again"
        return "free some space there or choose another folder"
    if error.errno in _NOT_ALLOWED:
        return "allow writing there or choose another folder"
    if error.errno in _ABSENT:
        return "put the folder back or choose another one"
    if error.errno in _OUT_OF_REACH:
        return "connect the drive again or choose another folder"
    return "check the disk or choose another folder"


def what_to_read(error: OSError) -> str:
    """What helps against a read that failed, to follow "...: " in a sentence."""
    if error.errno in _NOT_ALLOWED:
        return "allow reading it, then open it again"
    if error.errno in _OUT_OF_REACH:
        return "connect the drive again, then open it again"
    return "check the disk, then open it again"


def unreadable(error: OSError, what: str) -> UserError:
    """What to do about ``what`` ("The saved labels in store") that the disk does not give."""
    return UserError(f"{what} cannot be read ({error.strerror or error}): {what_to_read(error)}.")


def refusal(error: OSError, path: Path, needed: int | None = None, what: str = "") -> UserError:
    """What to do about a file that the disk refused; ``needed`` are bytes of ``what`` ("the pixels of cells")."""
    if is_full(error):
        return full(path.parent, needed, what)
    return UserError(f"Cannot write {path} ({error.strerror or error}): {what_to_write(error, path.parent)}.")


def full(folder: Path, needed: int | None = None, what: str = "") -> UserError:
    """A disk has no room for ``needed`` bytes of ``what``."""
    folder = _nearest(folder)
    told = f"{_bytes(free(folder) or 0)} are free in {folder}"
    if needed is not None:
        told += f" and {_bytes(needed)} are needed" + (f" for {what}" if what else "")
    return UserError(f"The disk is full ({told}): {what_to_write(OSError(errno.ENOSPC, ''), folder)}.")


def free(folder: Path) -> int | None:
    """Bytes that can be written in a folder; None where the system does not know."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def is_temporary(folder: Path) -> bool:
    """Whether a folder lies in one of our temporary folders, or would hold one."""
    try:
        inside = folder.resolve().relative_to(Path(tempfile.gettempdir()).resolve())
    except (OSError, ValueError):  # there is no place for temporary files at all, or it is elsewhere
        return False
    return not inside.parts or inside.parts[0].startswith(TEMPORARY)


def _bytes(count: int) -> str:
    """Bytes for people: decimal, as disks are sold."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return f"{count} bytes"


def _nearest(folder: Path) -> Path:
    """The folder, or the one above it that is there."""
    return next((one for one in (folder, *folder.parents) if one.is_dir()), folder)
