"""An append-only file of edits: each is with the operating system before `Journal.append` returns.

How it looks, and how it is read, is in `replay`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_apprentice.data.storage.syncing import sync_folder
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable
from napari_apprentice.project.flusher import Flusher
from napari_apprentice.project.replay import MAGIC, Action, Record, Replay, frame_record, read, read_all

__all__ = ["Action", "Journal", "Record", "Replay", "read", "read_all", "write"]


class Journal:
    """Appends records to ``path``; what the disk refuses is kept and written when there is space again."""

    def __init__(self, path: Path, flusher: Flusher, end: int | None = None) -> None:
        self.path = path
        self._flusher = flusher
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._waiting: list[bytes] = []
        self._fd: int | None = None
        self._end = end if end is not None else 0
        self._failure: OSError | None = None
        self._is_held = False
        self._is_named = False  # in what the disk has of the folder
        self.is_doubtful = False  # whether what was written may not be on disk: only a snapshot helps

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._end

    @property
    def is_empty(self) -> bool:
        """Whether there is no record, written or waiting."""
        return self._end <= len(MAGIC) and not self._waiting

    @property
    def is_behind(self) -> bool:
        """Whether records wait because the disk refused them."""
        return bool(self._waiting)

    def append(self, record: Record) -> None:
        """Write ``record``; `UserError` when the disk refuses it, which loses nothing: it is kept for `catch_up`."""
        self._waiting.append(frame_record(record))
        if not self._is_held:
            self.catch_up()

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is appended meanwhile is written at once, so that nothing of it is there without the rest.

        `UserError` as of `append`.
        """
        before, self._is_held = len(self._waiting), True
        try:
            yield
        finally:
            self._is_held = False
            whole = b"".join(self._waiting[before:])
            self._waiting[before:] = [whole] if whole else []
        self.catch_up()

    def catch_up(self) -> None:
        """Write what waits; `UserError` when the disk still refuses, or the folder is not ours to write in."""
        if self._flusher.why_held:
            raise UserError(self._flusher.why_held)
        while self._waiting:
            try:
                self._write(self._waiting[0])
            except OSError as error:
                raise durable.disk_trouble(error, self.path) from error
            self._waiting.pop(0)
        self._flusher.wrote(self)

    def sync(self) -> None:
        """Put everything written on disk, unless that failed before. Called from the flusher's thread, too."""
        with self._syncing:  # each failure is told once, to whoever asks first
            with self._lock:
                if self._fd is None or self.is_doubtful:  # asked again, the system says that all is well
                    return
                descriptor = os.dup(self._fd)  # so that a stroke need not wait for the slow fsync
            try:
                os.fsync(descriptor)
                if not self._is_named:
                    sync_folder(self.path.parent)
                    self._is_named = True
            except OSError as error:
                self.doubt(error)
                raise
            finally:
                os.close(descriptor)

    def doubt(self, failure: OSError | None = None) -> None:
        """What is on disk may not be what was written there, because of a ``failure`` or of another copy of it."""
        self._failure = failure or self._failure
        self.is_doubtful = True

    def abandon(self) -> None:
        """Let go of the file; a snapshot holds everything that was in it or waited."""
        self._waiting.clear()
        self.is_doubtful = False
        with suppress(OSError):  # of a drive that is gone
            self._let_go()

    def close(self) -> None:
        """Put everything on disk and let go of the file; `UserError` when it may not be there."""
        try:
            if self._waiting:
                self.catch_up()
            self.sync()
            if self.is_doubtful:
                raise self._failure or OSError("another copy of the folder came back")
        except OSError as error:
            raise durable.disk_trouble(error, self.path) from error
        finally:
            self._let_go()

    def _let_go(self) -> None:
        with self._lock:
            if self._fd is not None:
                descriptor, self._fd = self._fd, None
                os.close(descriptor)

    def _write(self, frame: bytes) -> None:
        descriptor = self._open()
        try:
            os.lseek(descriptor, self._end, os.SEEK_SET)  # half a record may be there that could not be cut off
            _put(descriptor, frame)
        except OSError:
            _cut(descriptor, self._end)  # half a record must not stay
            raise
        self._end += len(frame)

    def _open(self) -> int:
        if self._fd is None:
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self.path, flags, 0o644)
            try:
                if self._end == 0:
                    _put(descriptor, MAGIC)
                    self._end = len(MAGIC)
                _cut(descriptor, self._end)
            except OSError:
                self._end = 0
                os.close(descriptor)
                raise
            with self._lock:
                self._fd = descriptor
        return self._fd


def _put(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _cut(descriptor: int, end: int) -> None:
    try:
        os.ftruncate(descriptor, end)
        os.lseek(descriptor, end, os.SEEK_SET)
    except OSError:
        return  # a device, such as /dev/full in the tests


def write(path: Path, records: Iterable[Record]) -> int:
    """Write a journal whole; its size in bytes. `UserError` when the disk refuses."""
    with durable.replacing(path) as file:
        size = file.write(MAGIC)
        for record in records:
            size += file.write(frame_record(record))
    return size
