"""Pictures: what they hold is what their header says, and no more than their file can hold."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError

GREY = np.random.default_rng(0).integers(0, 255, (12, 14)).astype(np.uint8)


def test_a_gif_is_an_image_or_one_over_time(tmp_path: Path) -> None:
    imageio.imwrite(tmp_path / "still.gif", GREY)
    assert read_image(tmp_path / "still.gif").pixels.shape == (1, 1, 1, 12, 14)
    moving = np.stack([GREY, GREY[::-1], GREY[:, ::-1], GREY])
    imageio.imwrite(tmp_path / "grey.gif", moving)
    assert read_image(tmp_path / "grey.gif").pixels.shape == (4, 1, 1, 12, 14)
    imageio.imwrite(tmp_path / "colour.gif", np.stack([moving, moving[::-1], moving], axis=-1))
    volume = read_image(tmp_path / "colour.gif")
    assert (volume.pixels.shape, volume.metadata["rgb"]) == ((4, 3, 1, 12, 14), True)


def _png(path: Path, width: int, height: int) -> None:
    imageio.imwrite(path, GREY)
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)


def _gif(path: Path, width: int, height: int) -> None:
    imageio.imwrite(path, GREY)
    content = bytearray(path.read_bytes())
    content[6:10] = struct.pack("<HH", width, height)
    path.write_bytes(content)


def _bmp(path: Path, width: int, height: int) -> None:
    imageio.imwrite(path, GREY)
    content = bytearray(path.read_bytes())
    content[18:26] = struct.pack("<ii", width, height)
    path.write_bytes(content)


@pytest.mark.parametrize("write", [_png, _gif, _bmp])
def test_a_header_that_claims_gigabytes_is_refused_before_there_is_room_for_them(tmp_path: Path, write) -> None:
    path = tmp_path / f"a.{write.__name__[1:]}"
    write(path, 60_000, 60_000)
    tracemalloc.start()
    with pytest.raises(UserError, match=r"claims 3\.6 GB in a file of \d+ bytes: it is damaged"):
        read_image(path)
    assert tracemalloc.get_traced_memory()[1] < 30e6
    tracemalloc.stop()


def test_a_large_picture_in_one_colour_is_read(tmp_path: Path) -> None:
    for name in ("a.png", "a.gif", "a.webp"):
        imageio.imwrite(tmp_path / name, np.zeros((3000, 3000, 3), np.uint8))
        assert read_image(tmp_path / name).pixels.shape == (1, 1, 1, 3000, 3000)


def test_pictures_of_more_pixels_than_pillow_likes_are_read_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    from PIL import Image

    imageio.imwrite(tmp_path / "a.jpg", GREY)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    assert read_image(tmp_path / "a.jpg").pixels.shape == (1, 1, 1, 12, 14)
    assert Image.MAX_IMAGE_PIXELS == 50
    assert not recwarn.list
