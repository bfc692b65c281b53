"""MRC: electron microscopy volumes in angstrom."""

from __future__ import annotations

import bz2
import gzip
import struct
import tracemalloc
from pathlib import Path

import mrcfile
import numpy as np
import pytest

from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError


def _write(path: Path, pixels: np.ndarray, size: float = 0.0, **settings: bool) -> Path:
    with mrcfile.new(path, compression="gzip" if path.suffix == ".gz" else None) as file:
        file.set_data(pixels)
        if size:
            file.voxel_size = (size, size, 2 * size)
        if settings.get("stack"):
            file.set_image_stack()
    return path


@pytest.mark.parametrize("name", ["a.mrc", "a.rec", "a.mrc.gz"])
def test_a_volume_has_its_pixel_size(tmp_path: Path, name: str) -> None:
    pixels = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    volume = read_image(_write(tmp_path / name, pixels, 13.1))
    np.testing.assert_array_equal(volume.pixels[0, 0], pixels)
    assert volume.spacing == pytest.approx((26.2, 13.1, 13.1))
    assert (volume.unit, volume.name) == ("Å", "a")


def test_an_image_a_stack_and_a_series(tmp_path: Path) -> None:
    image = read_image(_write(tmp_path / "a.mrc", np.zeros((5, 6), np.int16)))
    assert (image.pixels.shape, image.unit) == ((1, 1, 1, 5, 6), "pixel")
    assert read_image(_write(tmp_path / "b.mrcs", np.zeros((3, 5, 6), np.uint16), stack=True)).pixels.shape[2] == 3
    assert read_image(_write(tmp_path / "c.mrc", np.zeros((2, 3, 5, 6), np.int8))).pixels.shape == (2, 1, 3, 5, 6)


def test_a_plain_file_is_mapped(tmp_path: Path) -> None:
    pixels = read_image(_write(tmp_path / "a.mrc", np.ones((4, 5, 6), np.float32))).pixels
    while pixels.base is not None and not isinstance(pixels, np.memmap):
        pixels = pixels.base
    assert isinstance(pixels, np.memmap)


def test_a_transform_is_refused_and_a_cut_file_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Fourier transform"):
        read_image(_write(tmp_path / "a.mrc", np.ones((4, 6), np.complex64)))
    path = _write(tmp_path / "b.mrc", np.ones((4, 5, 6), np.float32))
    path.write_bytes(path.read_bytes()[:1100])
    with pytest.raises(UserError, match=r"b\.mrc is damaged"):
        read_image(path)


@pytest.mark.parametrize("name", ["a.mrc", "a.mrc.gz", "a.mrc.bz2"])
@pytest.mark.parametrize(("place", "claimed"), [(0, (20_000, 20_000, 5)), (92, (2**31 - 1,)), (92, (-1,))])
def test_a_header_that_claims_gigabytes_is_refused_before_there_is_room_for_them(
    tmp_path: Path, name: str, place: int, claimed: tuple[int, ...]
) -> None:
    content = bytearray(_write(tmp_path / "whole.mrc", np.zeros((3, 4, 5), np.int16)).read_bytes())
    struct.pack_into(f"<{len(claimed)}i", content, place, *claimed)
    pack = {".gz": gzip.compress, ".bz2": bz2.compress}.get(Path(name).suffix, bytes)
    (tmp_path / name).write_bytes(pack(content))
    tracemalloc.start()
    with pytest.raises(UserError, match="damaged"):
        read_image(tmp_path / name)
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()
