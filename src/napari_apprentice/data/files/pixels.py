"""What a file claims to hold, before it is read; and pixels in types that everything takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.errors import UserError

MAP_FROM = 1 << 26  # bytes; smaller images are read at once, so that nothing holds their file
_BEST_COMPRESSION = 2000  # no codec packs more; a file that claims more is damaged and would fill the memory


def refuse_nonsense(path: Path, shape: tuple[int, ...], itemsize: int, bytes_there: int | None = None) -> int:
    """How many bytes the pixels are; `UserError` when there are none, or more than the file can hold."""
    size = int(np.prod(shape, dtype=float)) * itemsize
    there = path.stat().st_size if bytes_there is None else bytes_there
    if size <= 0:
        raise UserError(f"The image in {path} is empty (shape {tuple(shape)}): open another one.")
    if size > _BEST_COMPRESSION * there:
        raise UserError(f"{path} claims {size / 1e9:.3g} GB in a file of {there} bytes: it is damaged.")
    return size


def native(pixels: NDArray[Any]) -> NDArray[Any]:
    """The same in the machine's byte order, and truth as 0 and 1."""
    if pixels.dtype == bool:
        return pixels.astype(np.uint8)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
