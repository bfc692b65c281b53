"""Labels and confirmed voxels of one image in a file, whole; and what is said when one cannot be read."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import AS_LABELLED
from napari_apprentice.data.storage import npy
from napari_apprentice.errors import UserError
from napari_apprentice.project import durable

Arrays = tuple[NDArray[np.uint32], NDArray[np.uint8]]

CONFIRMED = "vouched"  # on disk: what is confirmed has been called so since the first projects

_HEADER = 4096  # bytes; more than NumPy writes before an array
_UNREADABLE = (  # what reading a file raises that is not, or not all, a snapshot
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    OverflowError,
    RuntimeError,
    MemoryError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class Damaged(Exception):
    """A snapshot is not what was written."""


def write(path: Path, labels: NDArray[np.uint32], confirmed: NDArray[np.uint8]) -> None:
    """Keep both arrays (T, Z, Y, X); `UserError` when the disk refuses."""
    # npz at the fastest compression: labels are long runs, and level 6 takes four times as long
    with (
        durable.replacing(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        taught = np.asarray([np.count_nonzero(confirmed == AS_LABELLED)])
        for name, array in (("labels", labels), (CONFIRMED, confirmed), ("taught", taught)):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)


def read(path: Path, shape: tuple[int, ...]) -> Arrays:
    """Both arrays; `Damaged` when they cannot be read or have another shape, `UserError` when the disk refuses."""
    labels = _array(path, "labels", shape, np.uint32)
    return labels, _array(path, CONFIRMED, shape, np.uint8)


def voxels_taught(path: Path) -> int:
    """How many voxels are confirmed as objects; `Damaged` and `UserError` as of `read`."""
    return max(0, int(_array(path, "taught", (1,), np.int64)[0]))


def empty(shape: tuple[int, ...]) -> Arrays:
    """Of an image of which nothing is labelled; `UserError` when memory cannot hold as many labels."""
    try:
        return np.zeros(shape, np.uint32), np.zeros(shape, np.uint8)
    except (MemoryError, ValueError) as error:
        size = " x ".join(f"{n:,}" for n in shape)
        raise UserError(
            f"Labels of {size} voxels (t, z, y, x) do not fit into memory: open the project on a computer with more, "
            "or restore its entry.json when the image is not that large."
        ) from error


def _array(path: Path, name: str, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    try:
        with durable.reading(path) as file, zipfile.ZipFile(file) as archive:
            member = archive.getinfo(f"{name}.npy")
            if member.file_size > math.prod(shape) * np.dtype(dtype).itemsize + _HEADER:
                raise Damaged(f"{path} holds more than it needs")
            with archive.open(member) as content:
                array = npy.read(content, member.file_size)
    except _UNREADABLE as error:
        raise Damaged(f"{path} is damaged") from error
    if array.shape != shape or not np.can_cast(array.dtype, dtype, "safe"):
        raise Damaged(f"{path} has {name} of {array.dtype} {array.shape}")
    return np.ascontiguousarray(array, dtype).reshape(shape)
