"""Arrays that are read when NumPy asks for them, and small samples of arrays that are too large to be read."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PLANES, _WINDOWS, _EDGE = 8, 4, 64  # planes; windows along y and along x; pixels

Reading = Callable[[], AbstractContextManager[None]]
Pick = range | tuple[int, ...] | int


def numpy_like(array: Any) -> Any:
    """An array that is indexed and turned as NumPy's are: itself, or else read through a `LazyArray`.

    Others have no `transpose` (zarr, h5py), or one that takes names of axes (xarray) or pairs of them (torch).
    """
    is_dask = type(array).__module__.partition(".")[0] == "dask"
    return array if isinstance(array, np.ndarray | LazyArray) or is_dask else LazyArray(array)


class LazyArray:
    """What can be sliced (zarr, h5py) with NumPy's indexing and axes; nothing is read before NumPy asks.

    Slicing and turning give another lazy array::

        source (Z, C, Y, X) --transpose--> (C, Z, Y, X) --[1, :, None, ::2]--> (Z, 1, Y / 2, X)    noted only
                                                                 numpy.asarray --> reads just that

    A graph with a task for each chunk, as dask has, takes a second for one field of a slide of 100,000 x 100,000.
    """

    def __init__(
        self,
        source: Any,
        picks: tuple[Pick, ...] | None = None,
        order: tuple[int | None, ...] | None = None,
        reading: Reading = nullcontext,
    ) -> None:
        self._source = source
        self._reading = reading
        self._picks = tuple(range(n) for n in source.shape) if picks is None else picks
        self._order = tuple(range(len(source.shape))) if order is None else order  # None: a new axis of length 1
        plain = _dtype_of(source)
        self.dtype = np.dtype(np.uint8) if plain.kind == "b" else plain.newbyteorder("=")
        self.shape = tuple(1 if axis is None else len(self._pick(axis)) for axis in self._order)

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many values there are."""
        return int(np.prod(self.shape, dtype=object))

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Lengths of what is stored in one piece; None when the source does not say."""
        told = getattr(self._source, "chunks", None)
        if told is None or not all(isinstance(one, int) for one in told):
            return None
        return tuple(1 if a is None else max(1, min(told[a], len(self._pick(a)))) for a in self._order)

    def transpose(self, *axes: Any) -> LazyArray:
        """Other order of axes, as NumPy's."""
        wanted = axes[0] if len(axes) == 1 and isinstance(axes[0], Sequence) else axes
        return LazyArray(self._source, self._picks, tuple(self._order[axis] for axis in wanted), self._reading)

    def reshape(self, *shape: int) -> Any:
        """Other lengths, as a dask array."""
        from dask.array import from_array  # a second of import time that most images do not need

        return from_array(self, meta=np.empty((0,) * self.ndim, self.dtype)).reshape(*shape)  # type: ignore[no-untyped-call]

    def read_in(self, reading: Reading) -> LazyArray:
        """The same, of which whatever is read is read in a context, which may say what goes wrong."""
        return LazyArray(self._source, self._picks, self._order, reading)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        keys = self._whole(key if isinstance(key, tuple) else (key,))
        if keys is None:
            return np.asarray(self)[key]
        picks, place = list(self._picks), 0
        order: list[int | None] = []
        for one in keys:
            if one is None:
                order.append(None)
                continue
            axis = self._order[place]
            place += 1
            pick = range(1) if axis is None else self._pick(axis)
            kept: Pick = tuple(pick[i] for i in one) if isinstance(one, list) else pick[one]
            if axis is not None:
                picks[axis] = kept
            elif not isinstance(kept, int) and len(kept) != 1:
                return np.asarray(self)[key]
            if not isinstance(kept, int):
                order.append(axis)
        found = LazyArray(self._source, tuple(picks), tuple(order), self._reading)
        return found if order else np.asarray(found)[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("a lazy array is read, which makes a copy")
        wanted = np.dtype(dtype or self.dtype)
        if 0 in self.shape:
            return np.empty(self.shape, wanted)
        with self._reading():
            found = np.asarray(self._source[tuple(_read(pick) for pick in self._picks)])
        left = [axis for axis, pick in enumerate(self._picks) if not isinstance(pick, int)]
        for place, axis in enumerate(left):
            pick = self._pick(axis)
            if isinstance(pick, tuple) or pick.step < 0:
                found = np.take(found, np.asarray(pick) - min(pick), axis=place)
        found = found.transpose([left.index(axis) for axis in self._order if axis is not None])
        found = found[(..., *(None if axis is None else slice(None) for axis in self._order))]
        return found.astype(wanted, copy=False)

    def _pick(self, axis: int) -> range | tuple[int, ...]:
        pick = self._picks[axis]
        if isinstance(pick, int):
            raise IndexError(f"axis {axis} was indexed away")
        return pick

    def _whole(self, keys: tuple[Any, ...]) -> list[Any] | None:
        """One key for each axis, and None for new ones; None when this is more than slices, numbers and one list."""
        found: list[Any] = []
        for key in keys:
            if key is Ellipsis:
                found.extend([slice(None)] * (self.ndim - sum(k is not None and k is not Ellipsis for k in keys)))
            elif key is None or isinstance(key, slice):
                found.append(key)
            elif isinstance(key, int | np.integer) and not isinstance(key, bool):
                found.append(operator.index(key))
            elif isinstance(key, list) and all(isinstance(i, int) and not isinstance(i, bool) for i in key):
                found.append(key)
            else:
                return None
        lists = sum(isinstance(key, list) for key in found)
        if lists > 1 or (lists and any(isinstance(key, int) for key in found)):
            return None
        missing = self.ndim - sum(key is not None for key in found)
        if missing < 0:
            raise IndexError(f"{len(keys)} indices for {self.ndim} axes")
        return found + [slice(None)] * missing


def _dtype_of(source: Any) -> np.dtype[Any]:
    """NumPy's name for a type; of types that NumPy does not know (torch) what they become."""
    told: Any = source.dtype
    try:
        found: np.dtype[Any] = np.dtype(told)
    except TypeError:
        found = np.asarray(source[tuple(slice(0, 1) for _ in source.shape)]).dtype
    return found


def _read(pick: Pick) -> slice | int:
    """What to read for a pick: as stored when it goes up evenly, else all between its ends."""
    if isinstance(pick, int):
        return pick
    if isinstance(pick, range) and pick.step > 0:
        return slice(pick.start, pick[-1] + 1, pick.step)
    return slice(min(pick), max(pick) + 1)


def windows(pixels: Any) -> NDArray[Any]:
    """Small windows from everywhere in an image (T, C, Z, Y, X), one after the other as (n, 64, 64).

    Every n-th row lies in all chunks of a stored array, windows in few. They tell one image from another and which
    values occur (`axes`). A hash of them is kept in every project (`project.images`): these windows stay.
    What intensities are fitted on is `sampling.sample`, of one frame with all its channels, and eight times as much.
    """
    t, c, z, y, x = pixels.shape
    planes = np.unique(np.linspace(0, t * c * z - 1, _PLANES).astype(int))
    tops, lefts = (np.unique(np.linspace(0, n - min(n, _EDGE), _WINDOWS).astype(int)).tolist() for n in (y, x))
    return np.stack(
        [
            np.asarray(
                pixels[(*map(int, np.unravel_index(plane, (t, c, z))), slice(j, j + _EDGE), slice(i, i + _EDGE))]
            )
            for plane in planes
            for j in tops
            for i in lefts
        ]
    )
