"""Room on a disk, set aside before it is needed.

A file that was only made long has no room yet: the first write through a memory map that finds none is a signal, which
ends the process. What is `reserve`d first is an `OSError` instead.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

from napari_apprentice.data.storage import disk

_NOT_HERE = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)  # a file system that cannot set room aside
_PIECE = 1 << 20  # bytes


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
    free = disk.free(folder)
    if free is not None and free < needed:  # where nothing is known writing will say it
        raise disk.full(folder, needed, what)
