"""NumPy files: arrays, and the masks in what Cellpose's window saves beside an image (``_seg.npy``).

Cellpose saves a pickled dictionary. Pickles can run code, so only arrays and plain values are taken out of one.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from napari_apprentice.data.axes import guess_axes, is_guess, to_volume
from napari_apprentice.data.files.pixels import MAP_FROM, native
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError

SUFFIXES = (".npy",)


def read(path: Path, part: str = "") -> Volume:
    """Read an array (a large one is mapped), or the masks of a ``_seg.npy``."""
    with path.open("rb") as file:
        version = npy.read_magic(file)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = header(file)
        pixels = _masks(file, path) if dtype.hasobject else None
    if pixels is None:
        large = int(np.prod(shape, dtype=float)) * dtype.itemsize >= MAP_FROM and dtype.isnative
        pixels = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
    three_d = True if path.stem.endswith("_seg") and pixels.ndim == 3 else None
    axes = guess_axes(pixels.shape, three_d=three_d)
    guessed = three_d is None and is_guess(pixels.shape)
    return to_volume(native(pixels), axes, name=path.stem, source=str(path), guessed=guessed)


def _masks(file: BinaryIO, path: Path) -> np.ndarray:
    try:
        told: Any = _OnlyArrays(file).load()
        masks = told.item()["masks"]
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{path} holds no masks as Cellpose saves them ({error}): save the masks as TIFF or PNG instead."
        ) from error
    return np.asarray(masks)


class _OnlyArrays(pickle.Unpickler):
    """Takes arrays, numbers, texts, lists and dictionaries out of a pickle; anything else is refused, not run.

    What numpy's own pickles call is stood in for: `numpy.ndarray` itself would take any bytes for pointers.
    """

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN.get(name) if module.split(".")[0] in ("numpy", "_codecs") else None
        if known is None:
            raise pickle.UnpicklingError(f"it wants to run {module}.{name}")
        return known


def _empty_array(*_ignored: Any) -> np.ndarray:
    """What `ndarray.__setstate__` then fills, which checks what it is given."""
    return np.ndarray.__new__(np.ndarray, (0,), "b")


def _dtype(text: Any, *_ignored: Any) -> np.dtype[Any]:
    return np.dtype(str(text))


def _number(dtype: np.dtype[Any], data: bytes) -> Any:
    if dtype.hasobject:
        raise pickle.UnpicklingError("it holds a number that is none")
    return np.frombuffer(data, dtype)[0]


def _encoded(text: str, _encoding: str = "latin1") -> bytes:
    return text.encode("latin1")


class _NoArray:
    """Stands for the class `ndarray`, which is only named, never called."""


_KNOWN = {
    "_reconstruct": _empty_array,
    "scalar": _number,
    "dtype": _dtype,
    "encode": _encoded,
    "ndarray": _NoArray,
}
