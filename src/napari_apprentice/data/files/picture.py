"""PNG, JPEG and such: pictures without a pixel size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.image.axes import guess_axes, to_volume
from napari_apprentice.data.image.volume import Volume

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")


def read(path: Path, part: str = "") -> Volume:
    """Read a grey or RGB picture; grey stored as RGB becomes one channel, alpha is left out."""
    pixels = np.asarray(_decoded(path))
    rgb = pixels.ndim == 3 and pixels.shape[-1] <= 4
    if rgb and is_grey(pixels):
        pixels, rgb = pixels[..., 0], False
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8)
    axes = guess_axes(pixels.shape, rgb=rgb)
    return to_volume(pixels, axes, name=path.stem, source=str(path))


def _decoded(path: Path) -> Any:
    """All bits of a PNG (Pillow makes 8 of 16 in colour); other pictures by what imageio finds."""
    if path.suffix.lower() == ".png":
        import imagecodecs

        return imagecodecs.png_decode(path.read_bytes())
    import imageio.v3 as imageio  # only who opens a picture waits for it

    return imageio.imread(path)


def is_grey(pixels: np.ndarray) -> bool:
    """Whether red, green and blue, along the last axis, are the same everywhere."""
    if pixels.shape[-1] < 3:
        return True
    red = pixels[..., 0]
    return bool((red == pixels[..., 1]).all() and (red == pixels[..., 2]).all())
