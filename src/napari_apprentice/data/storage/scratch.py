"""Arrays in memory-mapped ``.npy`` files: how bulk data goes from one process to another."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib.format import dtype_to_descr, open_memmap, write_array_header_1_0

from napari_apprentice.data.storage import disk, npy, room
from napari_apprentice.data.storage.atomic_write import atomic_write
from napari_apprentice.jobs import ArrayRef


def create(path: str | Path, shape: tuple[int, ...], dtype: Any, what: str = "") -> np.memmap:
    """A new writable array of zeros in ``path``, for which the disk has room.

    `UserError` when it has not, or when the folder is not writable; then there is no file. It calls the array ``what``.
    The folder is made, but not what it is to be in: a project's folder that was deleted must not come back empty.
    """
    path = Path(path)
    try:
        path.parent.mkdir(exist_ok=True)
        with path.open("w+b") as file:
            _write_header(file, shape, dtype)
            room.reserve(file, file.tell() + _bytes(shape, dtype))
        return open_memmap(path, mode="r+")
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise disk.refusal(error, path, _bytes(shape, dtype), what) from error


def write(path: str | Path, array: Any, what: str = "") -> ArrayRef:
    """Copy ``array`` to a file, one place of its first axis after the other, and name it.

    A lazy array need not fit into memory. `UserError` as in `create`.
    """
    path = Path(path)
    try:
        path.parent.mkdir(exist_ok=True)
        with atomic_write(path) as part, part.open("wb") as file:
            _write_header(file, tuple(array.shape), array.dtype)
            for at in range(int(array.shape[0])) if len(array.shape) > 1 else [...]:
                piece = np.ascontiguousarray(array[at], array.dtype)
                file.write(piece.reshape(-1).view(np.uint8).data)  # `tofile` does not say why the disk refuses
    except OSError as error:
        raise disk.refusal(error, path, _bytes(array.shape, array.dtype), what) from error
    return ArrayRef(path=str(path))


def read(ref: ArrayRef) -> np.memmap:
    """The array that ``ref`` names, read-only."""
    return npy.open_mapped(ref.path)


def edit(ref: ArrayRef) -> np.memmap:
    """The array that ``ref`` names, writable in place."""
    return npy.open_mapped(ref.path, "r+")


def _write_header(file: BinaryIO, shape: tuple[int, ...], dtype: Any) -> None:
    told = {"descr": dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": tuple(int(n) for n in shape)}
    write_array_header_1_0(file, told)


def _bytes(shape: tuple[int, ...], dtype: Any) -> int:
    return math.prod(int(n) for n in shape) * int(np.dtype(dtype).itemsize)
