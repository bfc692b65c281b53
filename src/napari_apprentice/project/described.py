"""What was seen in the objects of an image, beside its labels; without it one looks again.

A file that cannot be read is as good as none.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.project import durable

_NAME = "objects.bin"
_HEAD = struct.Struct("<4sII")  # magic, length of what is told, checksum of it and of the arrays
_MAGIC = b"APO1"
_KINDS = ("<i8", "<i8", "<f2")
Sort = tuple[str, int]  # the network that looked, and how many numbers there are of each object


@dataclass(frozen=True, eq=False)
class Described:
    """Numbers (n, F) of objects by ``keys`` (n,), ascending, of so many ``voxels`` each when they were looked at.

    The first ``own`` of the numbers are size, shape and brightness, the others what ``network`` (its key) saw.
    """

    keys: NDArray[np.int64]
    voxels: NDArray[np.int64]
    values: NDArray[np.float16]
    own: int
    network: str

    @property
    def sort(self) -> Sort:
        """What can be compared: objects of the same sort."""
        return self.network, self.values.shape[1]

    def with_others(self, others: Described) -> Described:
        """The same with other objects, or with the same ones looked at again; others only, of another network."""
        if others.sort != self.sort:
            return others
        kept = ~np.isin(self.keys, others.keys)
        keys = np.concatenate([self.keys[kept], others.keys])
        order = np.argsort(keys)
        voxels = np.concatenate([self.voxels[kept], others.voxels])[order]
        return Described(
            keys[order], voxels, np.concatenate([self.values[kept], others.values])[order], self.own, self.network
        )

    def only(self, keys: NDArray[np.int64]) -> Described:
        """Those of these objects that are known."""
        kept = np.isin(self.keys, keys)
        return Described(self.keys[kept], self.voxels[kept], self.values[kept], self.own, self.network)


def write(folder: Path, described: Described) -> None:
    """Replace what is kept; `UserError` when the disk refuses."""
    count, features = described.values.shape
    told = {"count": count, "features": features, "own": described.own, "network": described.network}
    head = json.dumps(told).encode()
    body = b"".join(
        np.ascontiguousarray(one, kind).tobytes() for one, kind in zip(_arrays(described), _KINDS, strict=True)
    )
    with durable.replacing(folder / _NAME) as file:
        file.write(_HEAD.pack(_MAGIC, len(head), zlib.crc32(body, zlib.crc32(head))) + head + body)


def read(folder: Path) -> Described | None:
    """What is kept; None where nothing is that can be read."""
    try:
        content = (folder / _NAME).read_bytes()
        magic, length, checksum = _HEAD.unpack_from(content)
        if magic != _MAGIC or zlib.crc32(content[_HEAD.size :]) != checksum:
            return None
        told = json.loads(content[_HEAD.size : _HEAD.size + length])
        count, start, found = int(told["count"]), _HEAD.size + length, []
        for kind, wide in zip(_KINDS, (1, 1, int(told["features"])), strict=True):
            found.append(np.frombuffer(content, kind, count * wide, start).astype(kind[1:]))
            start += found[-1].nbytes
        keys, voxels, values = found
        return Described(keys, voxels, values.reshape(count, -1), int(told["own"]), str(told["network"]))
    except (OSError, ValueError, KeyError, TypeError, MemoryError, struct.error):
        return None


def _arrays(described: Described) -> tuple[NDArray[np.generic], ...]:
    return described.keys, described.voxels, described.values
