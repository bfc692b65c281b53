"""PNG, JPEG and such: pictures without a pixel size."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.files.pixels import MAP_FROM, refuse_nonsense
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNK = struct.Struct(">I4s")  # its length, and what it is
_PNG_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PNG_HEADER = struct.Struct(">16xIIBB")  # behind the signature: width, height, bits, and which colours
_PNG_SAMPLES = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # of each pixel


def read(path: Path, part: str = "") -> Volume:
    """Read a grey or RGB picture, or the frames of one that moves; grey stored as RGB becomes one channel."""
    pixels = np.asarray(_decoded(path))
    if pixels.ndim == 4 and len(pixels) == 1:  # a GIF that does not move
        pixels = pixels[0]
    rgb = pixels.shape[-1] <= 4 and pixels.ndim in (3, 4)
    if rgb and is_grey(pixels):
        pixels, rgb = pixels[..., 0], False
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8)
    axes = "TYXS"[pixels.ndim - rgb == 2 : 4 if rgb else 3]
    return to_volume(pixels, axes, name=path.stem, source=str(path))


def _decoded(path: Path) -> Any:
    """All bits of a PNG (Pillow makes 8 of 16 in colour); other pictures by what imageio finds.

    `UserError` when a header claims more pixels than the file can hold, before room is made for them.
    """
    if path.suffix.lower() == ".png":
        import imagecodecs

        content = path.read_bytes()
        refuse_nonsense(path, _png_shape(content), 1)
        return imagecodecs.png_decode(_pixels_alone(content))
    import imageio.v3 as imageio  # only who opens a picture waits for it
    from PIL import Image

    with _no_limit_of(Image):
        with Image.open(path) as opened:
            frames = int(getattr(opened, "n_frames", 1))
            shape = (frames, opened.height, opened.width, len(opened.getbands()))
            if math.prod(shape) > MAP_FROM:  # a few bytes of some formats are a large picture in one colour
                refuse_nonsense(path, shape, 1)
        return imageio.imread(path)


def _png_shape(content: bytes) -> tuple[int, ...]:
    """Rows, and bytes of each before they are packed, as the header says."""
    if len(content) < _PNG_HEADER.size or not content.startswith(_PNG_SIGNATURE):
        raise UserError("it is damaged or no PNG: get the file again.")
    width, height, bits, color = _PNG_HEADER.unpack_from(content)
    return height, -(-width * _PNG_SAMPLES.get(color, 4) * bits // 8)


def _pixels_alone(content: bytes) -> bytes:
    """A PNG without what is no pixel (texts, times, profiles): libpng prints a line for each damage in these."""
    kept, at = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while at + _PNG_CHUNK.size <= len(content):
        length, kind = _PNG_CHUNK.unpack_from(content, at)
        end = at + _PNG_CHUNK.size + length + 4  # with a checksum
        if kind in _PNG_PIXELS:
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


@contextmanager
def _no_limit_of(pillow: Any) -> Iterator[None]:
    """Pillow warns of, and refuses, any picture of more than so many pixels, also where the file holds them."""
    limit, pillow.MAX_IMAGE_PIXELS = pillow.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        pillow.MAX_IMAGE_PIXELS = limit


def is_grey(pixels: np.ndarray) -> bool:
    """Whether red, green and blue, along the last axis, are the same everywhere."""
    if pixels.shape[-1] < 3:
        return True
    red = pixels[..., 0]
    return bool((red == pixels[..., 1]).all() and (red == pixels[..., 2]).all())
