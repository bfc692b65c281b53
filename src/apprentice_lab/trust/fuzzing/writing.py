"""What seeds are made with: pixels, and what is written into a file or a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apprentice_lab.trust.fuzzing import packings


def of_folder(path: Path, most: int = 6) -> bytes:
    """The files of a folder; of a series of slices the first ones."""
    if not path.is_dir():
        return b""
    files = [one for one in sorted(path.rglob("*")) if one.is_file()]
    slices = [one for one in files if one.suffix == ".dcm"]
    return packings.zipped({one.relative_to(path).as_posix(): one.read_bytes() for one in slices[:most] or files})


def random_pixels(*shape: int, dtype: type = np.uint16) -> NDArray[Any]:
    """Numbers from 0 to 254, the same at every call."""
    return np.random.default_rng(0).integers(0, 255, shape).astype(dtype)


def written(name: str, write: Callable[[Path], object]) -> bytes:
    """What ``write`` puts into a file of that name, or into a folder, as a zip file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return of_folder(path) if path.is_dir() else path.read_bytes()
