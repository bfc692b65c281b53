"""A disk that refuses a call, by taking the place of Python's own functions that change files.

It sees what goes through ``open``, ``os`` and the files they give: all that the product writes itself, zarr, tifffile,
zipfile and the models, whose bytes Python writes. It does not see what nibabel and compiled libraries write by
themselves, memory maps, or other processes: for those a real file system is filled (`small_disk`).
"""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

_PATHS = ("open", "mkdir", "replace", "rename", "link", "unlink", "remove", "rmdir", "truncate")
_DESCRIPTORS = ("write", "fsync", "ftruncate", "posix_fallocate", "sendfile")
_REFUSED: dict[str, tuple[str, ...]] = {  # what the system can answer to such a call
    "ENOSPC": ("open", "mkdir", "replace", "rename", "link", "write", "fsync", "posix_fallocate", "sendfile"),
    "EIO": (*_PATHS, *_DESCRIPTORS),
    "EACCES": _PATHS,
    "EROFS": _PATHS,
    "half": ("write",),
}
KINDS = tuple(_REFUSED)


@dataclass
class FaultyDisk:
    """Below ``root`` the ``at``-th call (from 1) of those that a ``kind`` of trouble can answer is refused.

    ``lasts``: and every later one, until `mend`. "half" writes half of what it was given, and then there is no room.
    """

    root: Path
    kind: str
    at: int = 0
    lasts: bool = False
    counts: Counter[str] = field(default_factory=Counter)  # of calls, by the kind of trouble that could answer them
    hit: str = ""
    _is_half: bool = False

    def mend(self) -> None:
        """There is room again."""
        self.at = 0

    def refuse(self, call: str, where: Any) -> None:
        """`OSError` when it is this call's turn."""
        if not self._is_below(where):
            return
        self.counts.update(kind for kind, calls in _REFUSED.items() if call in calls)
        count = self.counts[self.kind]
        is_due = count >= self.at if self.lasts else count == self.at
        if self.at == 0 or call not in _REFUSED[self.kind] or not is_due:
            return
        self.hit = self.hit or f"{call} of {where}"
        number = errno.ENOSPC if self.kind == "half" else getattr(errno, self.kind)
        name = None if isinstance(where, int) else os.fspath(where)
        raise OSError(number, os.strerror(number), name)

    def half(self, where: Any) -> bool:
        """Whether this write ends in the middle, and the next is refused."""
        is_due = self.kind == "half" and not self._is_half and self.counts["half"] + 1 == self.at
        if not is_due or not self._is_below(where):
            return False
        self.counts.update(kind for kind, calls in _REFUSED.items() if "write" in calls)
        self._is_half = True
        self.at += 1  # the next write is refused
        return True

    def _is_below(self, where: Any) -> bool:
        try:
            place = os.readlink(f"/proc/self/fd/{where}") if isinstance(where, int) else os.fsdecode(where)
        except (OSError, TypeError):
            return False
        return Path(os.path.abspath(place)).is_relative_to(self.root)


@contextmanager
def installed(disk: FaultyDisk) -> Iterator[FaultyDisk]:
    """Inside, calls of this process go through the ``disk``."""
    patches = [mock.patch.object(os, name, _by_path(disk, name)) for name in _PATHS if name != "open"]
    patches += [mock.patch.object(os, name, _by_descriptor(disk, name)) for name in _DESCRIPTORS]
    patches += [mock.patch.object(os, "open", _os_open(disk))]
    opened = _open(disk)
    patches += [mock.patch.object(builtins, "open", opened), mock.patch.object(io, "open", opened)]
    started = []
    try:
        for patch in patches:
            patch.start()
            started.append(patch)
        yield disk
    finally:
        for patch in reversed(started):
            patch.stop()


def _by_path(disk: FaultyDisk, name: str) -> Callable[..., Any]:
    real = getattr(os, name)

    def call(path: Any, *more: Any, **options: Any) -> Any:
        if options.get("dir_fd") is None:
            disk.refuse(name, path)
        return real(path, *more, **options)

    return call


def _by_descriptor(disk: FaultyDisk, name: str) -> Callable[..., Any]:
    real = getattr(os, name)

    def call(descriptor: int, *more: Any) -> Any:
        if name == "write" and disk.half(descriptor):
            return real(descriptor, bytes(more[0])[: len(more[0]) // 2])
        disk.refuse(name, descriptor)
        return real(descriptor, *more)

    return call


def _os_open(disk: FaultyDisk) -> Callable[..., int]:
    real = os.open

    def call(path: Any, flags: int, *more: Any, **options: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and options.get("dir_fd") is None:
            disk.refuse("open", path)
        return real(path, flags, *more, **options)

    return call


def _open(disk: FaultyDisk) -> Callable[..., Any]:
    real = io.open

    def call(file: Any, mode: str = "r", buffering: int = -1, *more: Any, **options: Any) -> Any:
        if not set(mode) & set("wax+") or isinstance(file, int):
            return real(file, mode, buffering, *more, **options)
        disk.refuse("open", file)
        raw = _File(disk, file, mode.replace("b", "").replace("t", ""))
        if buffering == 0:
            return raw
        kind = io.BufferedRandom if "+" in mode else io.BufferedWriter
        buffered = kind(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, *more, **options)

    return call


class _File(io.FileIO):
    """A file whose writes go through a disk."""

    def __init__(self, disk: FaultyDisk, file: Any, mode: str) -> None:
        self._disk = disk
        super().__init__(file, mode)

    def write(self, content: Any) -> int:
        if self._disk.half(self.fileno()):
            return super().write(bytes(content)[: max(1, len(bytes(content)) // 2)]) or 0
        self._disk.refuse("write", self.fileno())
        return super().write(content) or 0

    def truncate(self, size: int | None = None) -> int:
        self._disk.refuse("ftruncate", self.fileno())
        return super().truncate(size)
