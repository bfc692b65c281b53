"""CZI files, written by Zeiss's own library."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.files import czi, czi_scenes, parts_of, planes, read_image
from napari_apprentice.errors import UserError

writing = pytest.importorskip("pylibCZIrw.czi")


def _tiles(scene: int) -> np.ndarray:
    """Pixels (T, C, Z, Y, X) of a mosaic of two by two tiles of 20 x 30."""
    return np.random.default_rng(scene).integers(0, 4000, (2, 2, 3, 40, 60)).astype(np.uint16)


def _write(path: Path, scenes: int = 2) -> Path:
    with writing.create_czi(str(path)) as file:
        for scene in range(scenes):
            pixels = _tiles(scene)
            for t, c, z in np.ndindex(pixels.shape[:3]):
                for y, x in np.ndindex(2, 2):
                    tile = np.ascontiguousarray(pixels[t, c, z, 20 * y : 20 * y + 20, 30 * x : 30 * x + 30])
                    place = (500 * scene + 30 * x - 7, 20 * y + 9)
                    file.write(tile, location=place, plane={"T": t, "C": c, "Z": z}, scene=scene)
        shown = writing.ChannelDisplaySettingsDataClass(
            True, writing.TintingMode.Color, writing.Rgb8Color(np.uint8(0), np.uint8(255), np.uint8(0)), 0.0, 1.0
        )
        file.write_metadata(
            "cells",
            channel_names={0: "DAPI", 1: "GFP"},
            scale_x=0.25e-6,
            scale_y=0.5e-6,
            scale_z=2e-6,
            display_settings={0: shown, 1: shown},
        )
    return path


def test_tiles_are_put_together_and_scenes_are_images_of_their_own(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.czi")
    assert parts_of(path) == [f"{path}/0", f"{path}/1"]
    with pytest.raises(UserError, match="holds 2 scenes"):
        read_image(path)
    for scene in range(2):
        volume = read_image(path / str(scene))
        np.testing.assert_array_equal(volume.pixels, _tiles(scene))
    assert (volume.spacing, volume.unit) == ((2.0, 0.5, 0.25), "um")
    assert (volume.channels, volume.name) == (("DAPI", "GFP"), "a 1")
    assert volume.metadata["colors"] == ["#00ff00", "#00ff00"]


def test_red_green_and_blue(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    with writing.create_czi(str(tmp_path / "a.czi")) as file:
        file.write(np.ascontiguousarray(pixels[..., ::-1]), location=(0, 0))
    volume = read_image(tmp_path / "a.czi")
    np.testing.assert_array_equal(volume.pixels[0, :, 0], pixels.transpose(2, 0, 1))
    assert (volume.metadata["rgb"], volume.metadata["axes"], volume.unit) == (True, "YXS", "pixel")


def test_a_large_one_is_read_as_it_is_needed_at_each_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (planes, czi):
        monkeypatch.setattr(module, "MAP_FROM", 100)
    path = _write(tmp_path / "a.czi", scenes=1)
    volume = read_image(path)
    assert not isinstance(volume.pixels, np.ndarray)
    np.testing.assert_array_equal(volume.pixels[1, 0, 2, 5:9, ::7], _tiles(0)[1, 0, 2, 5:9, ::7])
    assert volume.levels == ()  # nothing coarser is in the file
    file = czi_scenes.open_czi(path)
    coarse = file.planes(file.scenes[0], 4)
    assert coarse.shape == (2, 2, 3, 10, 15)
    found = coarse[1, 1, 0, 2:6, 3:15]
    assert found.shape == (4, 12)
    assert set(found.ravel()) <= set(_tiles(0)[1, 1, 0].ravel())
    file.close()


@pytest.mark.skipif(importlib.util.find_spec("czifile") is None, reason="needs czifile, which needs Python 3.12")
def test_the_other_library_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "a.czi")
    monkeypatch.setattr(czi, "open_czi", czi_scenes._ByCziFile)
    for scene in range(2):
        volume = read_image(path / str(scene))
        np.testing.assert_array_equal(volume.pixels, _tiles(scene))
    assert (volume.spacing, volume.channels) == ((2.0, 0.5, 0.25), ("DAPI", "GFP"))


@pytest.mark.parametrize("left", [0, 100, 2000, 50_000])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, left: int) -> None:
    path = _write(tmp_path / "a.czi")
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UserError, match=r"a\.czi is damaged"):
        read_image(path)


def test_hundreds_of_channels_that_cannot_be_in_a_file_are_refused(tmp_path: Path) -> None:
    with writing.create_czi(str(tmp_path / "a.czi")) as file:
        for channel in (0, 999):
            file.write(np.zeros((200, 300), np.uint8), location=(0, 0), plane={"T": 0, "C": channel, "Z": 0})
    with pytest.raises(UserError, match=r"a\.czi .*damaged"):
        read_image(tmp_path / "a.czi")


def test_what_to_install_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "a.czi")
    monkeypatch.setattr(czi_scenes, "find_spec", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "czifile", None)
    with pytest.raises(UserError, match=r'pip install "napari-apprentice\[czi\]"'):
        read_image(path)


def test_planes_that_a_recording_does_not_have_are_black_and_said(tmp_path: Path) -> None:
    with writing.create_czi(str(tmp_path / "a.czi")) as file:
        for t, z in ((0, 0), (0, 1), (1, 0)):
            file.write(np.full((20, 30), 1 + t + 10 * z, np.uint16), plane={"T": t, "Z": z, "C": 0})
    volume = read_image(tmp_path / "a.czi")
    assert np.asarray(volume.pixels)[:, 0, :, 5, 5].tolist() == [[1, 11], [2, 0]]
    assert volume.metadata["notes"] == [
        "a.czi announces 4 planes, of which 1 (t 1, z 1, counted from 0) is not there: it is black."
    ]
