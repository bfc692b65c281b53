"""Pixels with their axes, spacing and unit: what every other room may rely on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from napari_apprentice.errors import UserError


@dataclass(frozen=True)
class Volume:
    """An image over time, shape (T, C, Z, Y, X); 2D is Z = 1, a still image is T = 1.

    ``pixels`` is anything with NumPy's shape, dtype and slicing (NumPy, zarr, dask, a memory map).
    ``spacing`` is the distance between voxel centres along (z, y, x) in ``unit``.
    """

    pixels: Any
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    unit: str = "pixel"
    channels: tuple[str, ...] = ()
    name: str = "image"
    source: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if len(self.pixels.shape) != 5:
            raise ValueError(f"a Volume is (T, C, Z, Y, X), got shape {self.pixels.shape}")
        if 0 in self.pixels.shape:
            raise UserError(f"The image {self.name} is empty (shape {tuple(self.pixels.shape)}): open another one.")
        if any(step <= 0 for step in self.spacing):
            raise UserError(f"Pixel size {self.spacing} is not positive: correct the layer's scale.")

    @property
    def is_3d(self) -> bool:
        """Whether there is more than one slice."""
        return bool(self.pixels.shape[2] > 1)

    @property
    def labels_shape(self) -> tuple[int, int, int, int]:
        """The shape (T, Z, Y, X) of labels for this image."""
        t, _, z, y, x = self.pixels.shape
        return t, z, y, x
