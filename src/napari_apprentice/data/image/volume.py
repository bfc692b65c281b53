"""Pixels with their axes, spacing and unit: what every other room may rely on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from napari_apprentice.data.image.lazy import numpy_like
from napari_apprentice.data.image.units import are_steps
from napari_apprentice.errors import UserError


@dataclass(frozen=True)
class Volume:
    """An image over time, shape (T, C, Z, Y, X); 2D is Z = 1, a still image is T = 1.

    ``pixels`` is anything with NumPy's shape, dtype and slicing (NumPy, a memory map, zarr, dask, xarray, torch).
    ``spacing`` is the distance between voxel centres along (z, y, x) in ``unit``. ``levels`` are the coarser levels of
    a pyramid, each (T, C, Z, Y, X) and smaller than the one before; they go when ``pixels`` are replaced::

        replace(volume, spacing=wanted)                 levels stay
        replace(volume, pixels=others)                  no levels
        volume.through(lambda array: array[:, :1])      the same done to pixels and levels
    """

    pixels: Any
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    unit: str = "pixel"
    channels: tuple[str, ...] = ()
    name: str = "image"
    source: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict, compare=False)
    levels: tuple[Any, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if len(self.pixels.shape) != 5:
            raise ValueError(f"a Volume is (T, C, Z, Y, X), got shape {self.pixels.shape}")
        if 0 in self.pixels.shape:
            raise UserError(f"The image {self.name} is empty (shape {tuple(self.pixels.shape)}): open another one.")
        if not are_steps(self.spacing):
            steps = " x ".join(f"{step:g}" for step in self.spacing)
            raise UserError(
                f"Pixel size {steps} (z, y, x) is not positive and of a sensible size: correct the layer's scale."
            )
        if hasattr(self.pixels, "transpose"):  # which must be NumPy's
            object.__setattr__(self, "pixels", numpy_like(self.pixels))
        object.__setattr__(self, "levels", _Levels.of(self.pixels, self.levels))

    def through(self, change: Callable[[Any], Any]) -> Volume:
        """The image with ``change`` applied to its pixels and to each of its levels."""
        levels = tuple(change(level) for level in self.levels)
        return replace(self, pixels=change(self.pixels), levels=levels)

    @property
    def is_3d(self) -> bool:
        """Whether there is more than one slice."""
        return bool(self.pixels.shape[2] > 1)

    @property
    def labels_shape(self) -> tuple[int, int, int, int]:
        """The shape (T, Z, Y, X) of labels for this image."""
        t, _, z, y, x = self.pixels.shape
        return t, z, y, x


class _Levels(tuple[Any, ...]):
    """Coarser levels that know whose they are, so that those of other pixels are never taken for them."""

    pixels: Any

    @classmethod
    def of(cls, pixels: Any, levels: tuple[Any, ...]) -> _Levels:
        """Those of ``levels`` that become coarser one after the other, with the frames and channels of ``pixels``."""
        if isinstance(levels, _Levels):
            if levels.pixels is pixels:
                return levels
            levels = ()
        kept, before = [], pixels
        for level in levels:
            if _is_coarser(level, before):
                kept.append(level)
                before = level
        found = cls(kept)
        found.pixels = pixels
        return found


def _is_coarser(level: Any, before: Any) -> bool:
    shape, finer = tuple(level.shape), tuple(before.shape)
    return (
        len(shape) == 5
        and shape[:2] == finer[:2]
        and shape != finer
        and all(0 < n <= m for n, m in zip(shape[2:], finer[2:], strict=True))
        and np.dtype(level.dtype) == np.dtype(before.dtype)
    )
