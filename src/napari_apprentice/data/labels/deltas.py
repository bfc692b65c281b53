"""One edit as data: the voxels that change, their values before and after, and a compact record of it.

The record is what the journal and the undo history keep. It holds no pickle and reading it executes no code.

    head   magic, shape, number of voxels, length of the body, checksum of the packed body
    body   (zlib) distances between indices, labels before, labels after, confirmed before, confirmed after;
           each as dtype letter, "one value stands for all" flag, little-endian values
"""

from __future__ import annotations

import functools
import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import Confirmed, Labels

Indices = NDArray[np.int64]

_MAGIC = b"APD1"
_HEAD = struct.Struct("<4s4qqQ")  # magic, shape, voxels, bytes of the body when unpacked
_CHECKSUM = struct.Struct("<I")  # of the head and the packed body; stands between them


@dataclass(frozen=True, eq=False)
class Delta:
    """Voxels that change: ascending flat ``indices`` into (T, Z, Y, X) arrays of ``shape``, values before and after."""

    shape: tuple[int, int, int, int]
    indices: Indices
    labels_before: Labels
    labels_after: Labels
    confirmed_before: Confirmed
    confirmed_after: Confirmed

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def nbytes(self) -> int:
        """Bytes of memory the arrays take."""
        different = {id(values): values.nbytes for values in (self.indices, *self._values)}
        return sum(different.values())

    @property
    def changes_labels(self) -> bool:
        """Whether any label is another one after it."""
        return bool((self.labels_before != self.labels_after).any())

    @property
    def changes_confirmed(self) -> bool:
        """Whether anything else is confirmed after it."""
        same = self.confirmed_after is self.confirmed_before
        return not same and bool((self.confirmed_before != self.confirmed_after).any())

    @functools.cached_property
    def box(self) -> tuple[tuple[int, int], ...]:
        """The smallest box, (start, stop) for t, z, y, x, that holds every changed voxel."""
        if len(self) == 0:
            return ((0, 0),) * 4
        return tuple((int(i.min()), int(i.max()) + 1) for i in np.unravel_index(self.indices, self.shape))

    def apply(self, labels: Labels, confirmed: Confirmed) -> None:
        """Write the values after into both arrays, in place."""
        for array in (labels, confirmed):
            if array.shape != self.shape:
                raise ValueError(f"this edit is for arrays of shape {self.shape}, got {array.shape}")
        _write(labels, self.indices, self.labels_after)
        _write(confirmed, self.indices, self.confirmed_after)

    def inverse(self) -> Delta:
        """The edit that takes this one back."""
        return Delta(
            self.shape, self.indices, self.labels_after, self.labels_before, self.confirmed_after, self.confirmed_before
        )

    def then(self, later: Delta) -> Delta:
        """Join this edit and a later one into a single edit (a drag of the brush is one undo step)."""
        if later.shape != self.shape:
            raise ValueError(f"edits of shapes {self.shape} and {later.shape} cannot be joined")
        both = np.concatenate([self.indices, later.indices])
        indices, first = np.unique(both, return_index=True)
        last = len(both) - 1 - np.unique(both[::-1], return_index=True)[1]
        before = [np.concatenate(p)[first] for p in _pairs(self, later, "before")]
        after = [np.concatenate(p)[last] for p in _pairs(self, later, "after")]
        return Delta(self.shape, indices, before[0], after[0], before[1], after[1])

    def beside(self, other: Delta) -> Delta:
        """Join this edit and one of other voxels into a single edit."""
        few, many = sorted((self, other), key=len)
        if len(few) == 0:
            return many
        at = np.searchsorted(many.indices, few.indices)
        pairs = zip((many.indices, *many._values), (few.indices, *few._values), strict=True)
        return Delta(self.shape, *(np.insert(most, at, some) for most, some in pairs))

    def moved(self, shape: tuple[int, int, int, int], indices: Indices, order: Indices) -> Delta:
        """The same changes at other places: ascending ``indices`` into ``shape``, and which voxel of these each was."""
        values = {id(one): one[order] for one in self._values}  # one array may stand for two
        return Delta(shape, indices, *(values[id(one)] for one in self._values))

    def up_to(self, index: int) -> Delta:
        """What of this edit lies below a flat index."""
        end = int(np.searchsorted(self.indices, index))
        if end == len(self):
            return self
        labels = self.labels_before[:end], self.labels_after[:end]
        return Delta(self.shape, self.indices[:end], *labels, self.confirmed_before[:end], self.confirmed_after[:end])

    def to_bytes(self) -> bytes:
        """A compact record without pickle: distances between indices and values, compressed."""
        steps = np.diff(self.indices, prepend=0)
        parts = [_narrowed(steps.astype(np.uint64)), *self._values]
        pieces: list[Any] = [piece for values in parts for piece in _packed(values)]
        body = b"".join(pieces)
        packed = zlib.compress(body, 1)
        head = _HEAD.pack(_MAGIC, *self.shape, len(self), len(body))
        return head + _CHECKSUM.pack(zlib.crc32(packed, zlib.crc32(head))) + packed

    @classmethod
    def from_bytes(cls, record: bytes, shape: tuple[int, ...] | None = None) -> Delta:
        """The edit that `to_bytes` wrote, for arrays of ``shape`` if that is given; `ValueError` for anything else."""
        found, count, body = _opened(record)
        if shape is not None and found != shape:
            raise ValueError(f"this edit is for arrays of shape {found}, not {shape}")
        arrays, rest = [], memoryview(body)
        for kinds in ("BHIQ", "I", "I", "B", "B"):
            values, rest = _unpacked(rest, count, kinds)
            arrays.append(values)
        indices = np.cumsum(arrays[0], dtype=np.int64)
        in_order = count == 0 or (indices[-1] < math.prod(found) and bool((np.diff(indices) > 0).all()))
        if len(rest) or not in_order or (count and indices[0] < 0):
            raise ValueError("damaged edit record: its voxels do not fit its shape")
        return cls(found, indices, *arrays[1:])

    @property
    def _values(self) -> tuple[NDArray[Any], ...]:
        return self.labels_before, self.labels_after, self.confirmed_before, self.confirmed_after


def voxels_in(shape: Sequence[int], corner: Sequence[int], mask: NDArray[np.bool_]) -> Indices:
    """Flat indices, ascending, into an array of ``shape`` of what a ``mask`` holds whose first voxel is ``corner``."""
    inside = np.stack(np.nonzero(mask)) + np.asarray(corner, np.int64)[:, None]
    flat: Indices = np.ravel_multi_index(tuple(inside), tuple(shape)).astype(np.int64)
    return flat


def read_flat(array: NDArray[Any], where: Indices) -> NDArray[Any]:
    """The values at flat indices, also of an array that is not contiguous (which must not be copied whole)."""
    if array.flags.c_contiguous:
        return np.asarray(array.reshape(-1)[where])
    return np.asarray(array[np.unravel_index(where, array.shape)])


def _write(array: NDArray[Any], where: Indices, values: NDArray[Any]) -> None:
    if array.flags.c_contiguous:
        array.reshape(-1)[where] = values
    else:
        array[np.unravel_index(where, array.shape)] = values


def _pairs(one: Delta, two: Delta, when: str) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    return [(getattr(one, f"{what}_{when}"), getattr(two, f"{what}_{when}")) for what in ("labels", "confirmed")]


def _narrowed(values: NDArray[np.uint64]) -> NDArray[Any]:
    top = int(values.max(initial=0))
    return values.astype(next(t for t in (np.uint8, np.uint16, np.uint32, np.uint64) if top <= np.iinfo(t).max))


def _packed(values: NDArray[Any]) -> tuple[bytes, NDArray[Any]]:
    """One array: its dtype letter, whether a single value stands for all, and the values, without a copy."""
    constant = len(values) > 0 and bool((values == values[0]).all())
    kept = values[:1] if constant else values
    letter = {1: b"B", 2: b"H", 4: b"I", 8: b"Q"}[values.itemsize]
    return letter + bytes([constant]), np.ascontiguousarray(kept, kept.dtype.newbyteorder("<"))


def _opened(record: bytes) -> tuple[tuple[int, int, int, int], int, bytes]:
    start = _HEAD.size + _CHECKSUM.size
    if len(record) < start:
        raise ValueError(f"damaged edit record: only {len(record)} bytes")
    magic, t, z, y, x, count, length = _HEAD.unpack_from(record)
    (checksum,) = _CHECKSUM.unpack_from(record, _HEAD.size)
    packed = record[start:]
    if magic != _MAGIC or zlib.crc32(packed, zlib.crc32(record[: _HEAD.size])) != checksum:
        raise ValueError("damaged edit record: not written by this program, or changed since")
    if min(t, z, y, x, count) < 0 or count > t * z * y * x or length > 32 * (count + 1):
        raise ValueError("damaged edit record: its numbers do not agree")
    try:
        body = zlib.decompressobj().decompress(packed, length + 1)
    except zlib.error as error:
        raise ValueError(f"damaged edit record: {error}") from error
    if len(body) != length:
        raise ValueError("damaged edit record: its length is wrong")
    return (t, z, y, x), count, body


def _unpacked(body: memoryview, count: int, kinds: str) -> tuple[NDArray[Any], memoryview]:
    if len(body) < 2 or chr(body[0]) not in kinds or body[1] > 1:
        raise ValueError("damaged edit record: unexpected values")
    dtype = np.dtype("<" + {"B": "u1", "H": "u2", "I": "u4", "Q": "u8"}[chr(body[0])])
    stored = 1 if body[1] else count
    end = 2 + stored * dtype.itemsize
    if len(body) < end:
        raise ValueError("damaged edit record: cut short")
    values = np.frombuffer(body[2:end], dtype).astype(dtype.newbyteorder("="))
    return (np.full(count, values[0]) if body[1] else values), body[end:]
