"""Images of formats whose libraries give one plane at a time."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files.pixels import MAP_FROM
from napari_apprentice.data.image.lazy import LazyArray
from napari_apprentice.errors import UserError

_MOST = 4  # named one by one in a sentence


class Planes:
    """What can be sliced like an array of ``shape``; it reads the planes, or parts of planes, that are in the slice.

    ``read(at, rows, columns)`` gives (Y, X), or (Y, X, S) of an RGB image; ``at`` has one number for each axis before
    these. ``chunk`` is the longest side of what is read at once.
    """

    def __init__(
        self,
        axes: str,
        shape: Sequence[int],
        dtype: Any,
        read: Callable[[tuple[int, ...], slice, slice], NDArray[Any]],
        chunk: int | None = None,
    ) -> None:
        self.axes, self.shape, self.dtype = axes, tuple(int(n) for n in shape), np.dtype(dtype)
        self._read = read
        self._leading = axes.index("Y")
        longest = chunk or max(self.shape)
        sides = [min(n, longest) if axis in "YX" else n for axis, n in zip(axes, self.shape, strict=True)]
        self.chunks = tuple(1 if i < self._leading else n for i, n in enumerate(sides))

    @property
    def nbytes(self) -> int:
        """Bytes of all of it."""
        return math.prod(self.shape) * int(self.dtype.itemsize)

    def __getitem__(self, key: tuple[int | slice, ...]) -> NDArray[Any]:
        full = [one if isinstance(one, slice) else slice(one, one + 1) for one in key]
        ranges = [range(*one.indices(n)) for one, n in zip(full, self.shape, strict=True)]
        found = np.empty([len(one) for one in ranges], self.dtype)
        rows, columns, *samples = full[self._leading :]
        for place in product(*(range(len(one)) for one in ranges[: self._leading])):
            at = tuple(one[i] for one, i in zip(ranges, place, strict=False))
            found[place] = self._read(at, rows, columns)[(..., *samples)]
        return found[tuple(slice(None) if isinstance(one, slice) else 0 for one in key)]


def squeeze_planes(planes: Planes, close: Callable[[], Any]) -> tuple[Any, str]:
    """The pixels and their axes, T, C and Z only where there are several.

    Those of a small image are all read, and its file is closed; others are read from the open file as they are needed.
    """
    pixels, axes = compact(planes)
    if planes.nbytes >= MAP_FROM:
        return pixels, axes
    try:
        return np.asarray(pixels), axes
    finally:
        close()


def compact(planes: Planes) -> tuple[LazyArray, str]:
    """An array that reads planes, and its axes; T, C and Z of length 1 are left out."""
    dropped = [axis in "TCZ" and n == 1 for axis, n in zip(planes.axes, planes.shape, strict=True)]
    pixels = LazyArray(planes)[tuple(0 if drop else slice(None) for drop in dropped)]
    return pixels, "".join(axis for axis, drop in zip(planes.axes, dropped, strict=True) if not drop)


def not_there(name: str, count: int, places: Sequence[str], unit: str = "planes") -> str:
    """One sentence on planes that a file announces and does not have; ``places`` says where each of them lies."""
    listed = "; ".join(place for place in places[:_MOST] if place) + ("; ..." if len(places) > _MOST else "")
    which = f" ({listed}, counted from 0)" if any(places) else ""
    are = "is not there: it is" if len(places) == 1 else "are not there: they are"
    return f"{name} announces {count} {unit}, of which {len(places)}{which} {are} black."


def library(name: str, files: str, extra: str) -> ModuleType:
    """A package that only these files need; `UserError` that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise missing(files, extra) from error


def missing(files: str, extra: str) -> UserError:
    """What to install to read files of a kind."""
    return UserError(f'{files} files need one more package: pip install "napari-apprentice[{extra}]".')
