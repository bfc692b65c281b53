"""NumPy files: arrays, and the masks in what Cellpose's window saves beside an image (``_seg.npy``).

Cellpose saves a pickled dictionary; `pickled` reads it without running it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import pickled
from napari_apprentice.data.files.pickled_values import Array, Refused
from napari_apprentice.data.files.pixels import MAP_FROM, native
from napari_apprentice.data.image.axes import guess_axes, is_guess, to_volume
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import npy
from napari_apprentice.errors import UserError

SUFFIXES = (".npy",)


def read(path: Path, part: str = "") -> Volume:
    """Read an array (a large one is mapped), or the masks of a ``_seg.npy``."""
    with path.open("rb") as file:
        header = npy.header_of(file)
        pixels = _masks(file, path) if header.type_name == npy.OBJECTS else _numbers(header, path)
    three_d = True if path.stem.endswith("_seg") and pixels.ndim == 3 else None
    axes = guess_axes(pixels.shape, three_d=three_d)
    guessed = three_d is None and is_guess(pixels.shape)
    return to_volume(native(pixels), axes, name=path.stem, source=str(path), guessed=guessed)


def values_of_seg(path: Path) -> dict[Any, Any]:
    """What a ``_seg.npy`` holds, arrays as `Array`; ValueError for a file that holds no dictionary."""
    with path.open("rb") as file:
        npy.header_of(file)
        return _dictionary(file)


def _dictionary(file: BinaryIO) -> dict[Any, Any]:
    saved = pickled.load(file)
    told = saved.item() if isinstance(saved, Array) else saved
    return told if isinstance(told, dict) else {}


def _numbers(header: npy.Header, path: Path) -> NDArray[np.generic]:
    try:
        large = header.size >= MAP_FROM and header.dtype.isnative
    except npy.NotNumbers as error:
        raise UserError(f"{path} is no image ({error}): save the pixels as an array of numbers.") from error
    return npy.open_mapped(path) if large else npy.load(path)


def _masks(file: BinaryIO, path: Path) -> NDArray[np.generic]:
    try:
        masks = _dictionary(file).get("masks")
        if not isinstance(masks, Array):
            raise Refused("it has no array of that name")
        return masks.numbers()
    except ValueError as error:
        raise UserError(
            f"{path} holds no masks as Cellpose saves them ({error}): save the masks as TIFF or PNG instead."
        ) from error
