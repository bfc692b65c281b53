"""An append-only file of edits: each is with the operating system before `Journal.append` returns.

::

    APPRJ001 | length crc payload | length crc payload | ...

A payload is a msgpack map. Reading stops at the first record that is cut short or whose checksum is wrong.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgpack

from napari_apprentice.errors import UserError
from napari_apprentice.project import durable
from napari_apprentice.project.flusher import Flusher

Action = Literal["do", "undo", "redo"]
_MAGIC = b"APPRJ001"
_FRAME = struct.Struct("<II")


@dataclass(frozen=True)
class Record:
    """One change of labels and vouched; records with the same ``step`` are undone together.

    ``delta`` is the change that was applied, also for an undo, so that replaying is applying in order.
    ``taught`` counts the vouched object voxels afterwards, to be known without replaying.
    """

    action: Action
    step: int
    delta: bytes
    taught: int = 0


class Journal:
    """Appends records to ``path``; what the disk refuses is kept and written when there is space again."""

    def __init__(self, path: Path, flusher: Flusher, end: int | None = None) -> None:
        self.path = path
        self._flusher = flusher
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._fd: int | None = None
        self._end = end if end is not None else 0

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._end

    @property
    def is_behind(self) -> bool:
        """Whether records wait because the disk refused them."""
        return bool(self._waiting)

    def append(self, record: Record) -> None:
        """Write ``record``; `UserError` when the disk refuses it, which loses nothing: it is kept for `retry`."""
        payload = msgpack.packb([record.action, record.step, record.delta, record.taught])
        self._waiting.append(_FRAME.pack(len(payload), zlib.crc32(payload)) + payload)
        self.retry()

    def retry(self) -> None:
        """Write what waits; `UserError` when the disk still refuses."""
        while self._waiting:
            try:
                self._write(self._waiting[0])
            except OSError as error:
                raise durable.disk_trouble(error, self.path) from error
            self._waiting.pop(0)
        self._flusher.wrote(self)

    def sync(self) -> None:
        """Put everything written on disk. Called from the flusher's thread."""
        with self._lock:
            if self._fd is None:
                return
            descriptor = os.dup(self._fd)  # so that a stroke need not wait for the slow fsync
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def abandon(self) -> None:
        """Let go of the file; a snapshot holds everything that was in it or waited."""
        self._waiting.clear()
        with self._lock:
            if self._fd is not None:
                os.close(self._fd)
                self._fd = None

    def close(self) -> None:
        """Put everything on disk and let go of the file."""
        try:
            if self._waiting:
                self.retry()
            self.sync()
        except OSError as error:
            raise durable.disk_trouble(error, self.path) from error
        finally:
            with self._lock:
                if self._fd is not None:
                    os.close(self._fd)
                    self._fd = None

    def _write(self, frame: bytes) -> None:
        descriptor = self._open()
        view = memoryview(frame)
        written = 0
        try:
            while written < len(view):
                written += os.write(descriptor, view[written:])
        except OSError:
            # Half a record must not stay: what follows it could not be read.
            _cut(descriptor, self._end)
            raise
        self._end += written

    def _open(self) -> int:
        if self._fd is None:
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
            descriptor = os.open(self.path, flags, 0o644)
            try:
                if self._end == 0:
                    os.write(descriptor, _MAGIC)
                    self._end = len(_MAGIC)
                _cut(descriptor, self._end)
            except OSError:
                self._end = 0
                os.close(descriptor)
                raise
            with self._lock:
                self._fd = descriptor
        return self._fd


def _cut(descriptor: int, end: int) -> None:
    try:
        os.ftruncate(descriptor, end)
        os.lseek(descriptor, end, os.SEEK_SET)
    except OSError:
        return  # a device, such as /dev/full in the tests


@dataclass(frozen=True)
class Replay:
    """What a journal holds: its readable records, where they end, and whether something unreadable follows."""

    records: list[Record]
    end: int
    damaged: bool


def read(path: Path) -> Replay:
    """All records up to the first damaged one; an absent file is an empty journal."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Replay([], 0, damaged=False)
    except OSError as error:
        raise UserError(f"The journal {path} cannot be read ({error.strerror}): check the disk.") from error
    if not content.startswith(_MAGIC):
        return Replay([], 0, damaged=bool(content))
    records: list[Record] = []
    end = len(_MAGIC)
    while (found := _record_at(content, end)) is not None:
        record, end = found
        records.append(record)
    return Replay(records, end, damaged=end < len(content))


def _record_at(content: bytes, start: int) -> tuple[Record, int] | None:
    if start + _FRAME.size > len(content):
        return None
    length, checksum = _FRAME.unpack_from(content, start)
    payload = content[start + _FRAME.size : start + _FRAME.size + length]
    if len(payload) < length or zlib.crc32(payload) != checksum:
        return None
    try:
        return Record(*msgpack.unpackb(payload)), start + _FRAME.size + length
    except (ValueError, TypeError, msgpack.UnpackException):
        return None
