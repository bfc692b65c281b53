"""Reading a journal: every record that is whole, also behind one that is damaged.

::

    APPRJ001 | length crc payload | length crc payload | ...

A payload is a msgpack array: action, step, delta, taught.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import msgpack

from napari_apprentice.project import durable

Action = Literal["do", "undo", "redo"]
Kind = Action | Literal["region"]  # of a large image: which region the edits that follow are of (`large`)
MAGIC = b"APPRJ001"
_KINDS = (*get_args(Action), "region")
_FRAME = struct.Struct("<II")
_BEGINNING = re.compile(
    rb"[\x90-\x9f](?:\xa2do|\xa4undo|\xa4redo|\xa6region)"
)  # of a payload: where to go on behind damage


@dataclass(frozen=True)
class Record:
    """One change of labels and of what is confirmed; records with the same ``step`` are undone together.

    ``delta`` is the change that was applied, also for an undo, so that replaying is applying in order.
    ``taught`` counts the confirmed object voxels afterwards, to be known without replaying.
    """

    action: Kind
    step: int
    delta: bytes
    taught: int = 0


@dataclass(frozen=True)
class Replay:
    """What a journal holds: its readable records, where damage begins (or the file ends), and whether there is any."""

    records: list[Record]
    end: int
    damaged: bool


def frame_record(record: Record) -> bytes:
    """A record as it stands in a journal."""
    payload: bytes = msgpack.packb([record.action, record.step, record.delta, record.taught])
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def read(path: Path) -> Replay:
    """All records that can be read; an absent file is an empty journal, and what is not a file a damaged one.

    `UserError` when the disk does not give the file.
    """
    try:
        with durable.reading(path) as file:
            content = file.read()
    except FileNotFoundError:
        return Replay([], 0, damaged=False)
    except ValueError:
        return Replay([], 0, damaged=True)
    records: list[Record] = []
    whole = len(MAGIC) if content.startswith(MAGIC) else 0  # up to here all is well
    end = whole
    while end < len(content):
        found = _record_at(content, end)
        if found is None:
            end = _next(content, end + 1)
            continue
        record, after = found
        whole = after if end == whole and whole else whole
        records.append(record)
        end = after
    return Replay(records, whole, damaged=whole < len(content) or path.is_symlink())


def read_all(paths: Sequence[Path]) -> tuple[Replay, list[Path]]:
    """The records of journals that follow each other, with the end of the last one, and which are damaged."""
    records: list[Record] = []
    end, damaged = 0, []
    for path in paths:
        replay = read(path)
        again = replay.records[: len(records)] == records  # written anew, and the old one was not removed
        records = replay.records if again else [*records, *replay.records]
        end = replay.end
        if replay.damaged:
            damaged.append(path)
    return Replay(records, end, bool(damaged)), damaged


def _record_at(content: bytes, start: int) -> tuple[Record, int] | None:
    if start + _FRAME.size > len(content):
        return None
    length, checksum = _FRAME.unpack_from(content, start)
    end = start + _FRAME.size + length
    payload = memoryview(content)[start + _FRAME.size : end]
    if end > len(content) or zlib.crc32(payload) != checksum:
        return None
    try:
        told = msgpack.unpackb(payload)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException):
        return None
    return None if not _is_record(told) else (Record(*told), end)


def _is_record(told: Any) -> bool:
    """Whether what a frame holds are an action, a step, a change and perhaps what is taught."""
    if not isinstance(told, list) or len(told) not in (3, 4) or told[0] not in _KINDS:
        return False
    return type(told[1]) is int and isinstance(told[2], bytes) and all(type(count) is int for count in told[3:])


def _next(content: bytes, start: int) -> int:
    """Where the next record may begin; the end of the content when there is none."""
    found = _BEGINNING.search(content, start + _FRAME.size)
    return len(content) if found is None else found.start() - _FRAME.size
