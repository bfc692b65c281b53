"""How labels (T, Z, Y, X) lie under an image layer whose axes are others, or in another order.

An image layer with axes ``ZCYX`` shows labels as a view of the same memory::

    labels (T, Z, Y, X)  --drop T-->  (Z, Y, X)  --repeat along C-->  (Z, C, Y, X)

so that what is painted in the layer is painted in the session's array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

ORDER = "TZYX"


class AxisMapping:
    """The axes of one image layer, one letter per dimension of the layer (so without RGB samples).

    Parameters
    ----------
    axes
        Such as ``"YX"``, ``"CZYX"``, ``"TCYX"``.
    shape
        The layer's lengths of these axes.
    """

    def __init__(self, axes: str, shape: Sequence[int]) -> None:
        # napari aligns layers at their last dimensions: a first one can be left out
        self.leading = int(shape[0]) if axes.startswith("C") else 0  # its length
        self.kept = tuple(range(1 if self.leading else 0, len(axes)))
        self.axes = "".join(axes[i] for i in self.kept)
        self._channels = int(shape[axes.index("C")]) if "C" in axes else 1

    @property
    def ndim(self) -> int:
        """Dimensions of the labels layer."""
        return len(self.axes)

    def view(self, array: NDArray[Any]) -> NDArray[Any]:
        """``array`` (T, Z, Y, X) as the layer shows it; shares its memory, also along a repeated channel axis."""
        letters = self.axes.replace("C", "")
        picked = array[tuple(slice(None) if letter in letters else 0 for letter in ORDER)]
        here = [letter for letter in ORDER if letter in letters]
        laid = picked.transpose([here.index(letter) for letter in letters])
        if "C" not in self.axes:
            return laid
        place = self.axes.index("C")
        shape = (*laid.shape[:place], self._channels, *laid.shape[place:])
        strides = (*laid.strides[:place], 0, *laid.strides[place:])
        return as_strided(laid, shape, strides)

    def flat(self, shape: Sequence[int], box: Sequence[slice], mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Flat indices into labels of ``shape`` (T, Z, Y, X) of the ``mask`` over a ``box`` of the layer."""
        inside = np.nonzero(mask)
        return self.flat_of(shape, [i + edge.start for i, edge in zip(inside, box, strict=True)])

    def flat_of(self, shape: Sequence[int], coordinates: Sequence[Any]) -> NDArray[np.int64]:
        """Flat indices into labels of ``shape`` (T, Z, Y, X) of ``coordinates``, one array per layer dimension."""
        found = dict(zip(self.axes, coordinates, strict=True))
        full = [np.asarray(found.get(letter, 0), np.int64) for letter in ORDER]
        return np.ravel_multi_index(tuple(np.broadcast_arrays(*full)), tuple(shape)).astype(np.int64)

    def point(self, position: Sequence[float]) -> tuple[float, float, float, float]:
        """A position in the layer's data as (t, z, y, x)."""
        found = dict(zip(self.axes, position, strict=True))
        t, z, y, x = (float(found.get(letter, 0)) for letter in ORDER)
        return t, z, y, x

    def position(self, point: Sequence[float]) -> tuple[float, ...]:
        """A point (t, z, y, x) in the layer's data: `point` the other way; 0 along channels."""
        found = dict(zip(ORDER, point, strict=True))
        return tuple(float(found.get(letter, 0)) for letter in self.axes)

    def box(self, edges: Sequence[tuple[int, int]]) -> tuple[slice, slice, slice, slice]:
        """(start, stop) for each dimension of the layer as slices for t, z, y, x."""
        found = dict(zip(self.axes, edges, strict=True))
        t, z, y, x = (slice(*found.get(letter, (0, 1))) for letter in ORDER)
        return t, z, y, x

    def corner(self, box: Sequence[tuple[int, int]]) -> tuple[int, ...]:
        """The first voxel of a box ((start, stop) for t, z, y, x) in the layer's dimensions."""
        found = dict(zip(ORDER, box, strict=True))
        return tuple(found[letter][0] if letter in found else 0 for letter in self.axes)
