"""The doubtful places of the last proposal, beside the labels of an image; without them one segments again.

A file that cannot be read is as good as none.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.project import durable

_NAME = "doubts.bin"
_HEAD = struct.Struct("<4sq")  # magic, how many are left
_MAGIC = b"APU2"  # APU1 had no word on how to mend them


@dataclass(frozen=True, eq=False)
class KeptDoubts:
    """Doubtful places, and how many of them were ``left`` to look at when they were written."""

    doubts: Doubts
    left: int


def write(folder: Path, doubts: Doubts, left: int) -> None:
    """Replace what is kept; `UserError` when the disk refuses."""
    with durable.replacing(folder / _NAME) as file:
        file.write(_HEAD.pack(_MAGIC, left) + doubts.to_bytes())


def read(folder: Path, shape: Sequence[int]) -> KeptDoubts | None:
    """What is kept for an image of ``shape``; None where nothing is that can be read."""
    try:
        record = (folder / _NAME).read_bytes()
        magic, left = _HEAD.unpack_from(record)
        return KeptDoubts(Doubts.from_bytes(record[_HEAD.size :], shape), left) if magic == _MAGIC else None
    except (OSError, ValueError, struct.error):
        return None
