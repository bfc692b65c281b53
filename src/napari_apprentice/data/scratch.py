"""Arrays in memory-mapped ``.npy`` files: how bulk data goes from one process to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from napari_apprentice.data import npy
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef


def create(path: str | Path, shape: tuple[int, ...], dtype: Any) -> np.memmap:
    """A new writable array of zeros in ``path``; `UserError` when the disk is full or the folder is not writable."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)
    except OSError as error:
        raise UserError(
            f"Cannot write {path} ({error.strerror}): free some space or choose another project folder."
        ) from error


def write(path: str | Path, array: Any) -> ArrayRef:
    """Copy ``array`` to a file and name it."""
    target = create(path, tuple(array.shape), array.dtype)
    target[...] = np.asarray(array)
    target.flush()
    return ArrayRef(path=str(path))


def read(ref: ArrayRef) -> np.memmap:
    """The array that ``ref`` names, read-only."""
    return npy.mapped(ref.path)


def edit(ref: ArrayRef) -> np.memmap:
    """The array that ``ref`` names, writable in place."""
    return npy.mapped(ref.path, "r+")
