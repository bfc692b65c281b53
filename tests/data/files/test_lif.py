"""LIF files, written here: a header in XML and the pixels of each image in a block of memory."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.data.files import lif, parts_of, read_image
from napari_apprentice.errors import UserError

pytest.importorskip("liffile")
NUMBERS = {"X": 1, "Y": 2, "Z": 3, "T": 4, "λ": 5, "M": 10}
COLOURS = ("Green", "Red", "Gray")


def _image(name: str, axes: str, pixels: np.ndarray, steps: dict[str, float], dyes: tuple[str, ...] = ()) -> str:
    """The description of an image whose axes are in the order of the block; C is no axis of Leica's."""
    strides = dict(zip(axes, pixels.strides, strict=True))
    count = pixels.shape[axes.index("C")] if "C" in axes else 1
    channels = "".join(
        f'<ChannelDescription DataType="0" ChannelTag="0" Resolution="{8 * pixels.itemsize}" Min="0" Max="1" Unit="" '
        f'NameOfMeasuredQuantity="" LUTName="{COLOURS[c]}" IsLUTInverted="0" BytesInc="{c * strides.get("C", 0)}" '
        f'BitInc="0">{f"<ChannelProperty><Key>DyeName</Key><Value>{dyes[c]}</Value></ChannelProperty>" if dyes else ""}'
        "</ChannelDescription>"
        for c in range(count)
    )
    dimensions = "".join(
        f'<DimensionDescription DimID="{NUMBERS[axis]}" NumberOfElements="{n}" Origin="0" '
        f'Length="{steps.get(axis, 0) * (n - 1)}" Unit="{"s" if axis == "T" else "m"}" '
        f'BytesInc="{strides[axis]}" BitInc="0"/>'
        for axis, n in zip(axes[::-1], pixels.shape[::-1], strict=True)
        if axis != "C"
    )
    return (
        f'<Element Name="{name}" UniqueID="{name}"><Data><Image><ImageDescription><Channels>{channels}</Channels>'
        f"<Dimensions>{dimensions}</Dimensions></ImageDescription></Image></Data>"
        f'<Memory Size="{pixels.nbytes}" MemoryBlockID="{name}"/></Element>'
    )


def _write(path: Path, *images: tuple[str, str, np.ndarray, dict[str, float]], dyes: tuple[str, ...] = ()) -> Path:
    described = "".join(_image(*one, dyes) for one in images)
    header = (
        '<LMSDataContainerHeader Version="2"><Element Name="project"><Children>'
        f"{described}</Children></Element></LMSDataContainerHeader>"
    )
    text = header.encode("utf-16-le")
    written = struct.pack("<IIBI", 0x70, len(text) + 5, 0x2A, len(header)) + text
    for name, _axes, pixels, _steps in images:
        block = name.encode("utf-16-le")
        written += struct.pack("<IIBQBI", 0x70, len(block) + 14, 0x2A, pixels.nbytes, 0x2A, len(name))
        written += block + pixels.tobytes()
    path.write_bytes(written)
    return path


def _pixels(*shape: int, dtype: type = np.uint16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, shape).astype(dtype)


STEPS = {"X": 0.25e-6, "Y": 0.5e-6, "Z": 2e-6, "T": 3.0}


def test_time_depth_and_channels_with_spacing_names_and_colours(tmp_path: Path) -> None:
    pixels = _pixels(2, 5, 3, 20, 30)
    volume = read_image(_write(tmp_path / "a.lif", ("cells", "TZCYX", pixels, STEPS), dyes=("DAPI", "GFP", "Cy5")))
    np.testing.assert_array_equal(volume.pixels, pixels.transpose(0, 2, 1, 3, 4))
    np.testing.assert_allclose(volume.spacing, (2.0, 0.5, 0.25))
    assert (volume.unit, volume.channels, volume.name) == ("um", ("DAPI", "GFP", "Cy5"), "a cells")
    assert volume.metadata["colors"] == ["#00ff00", "#ff0000", "#ffffff"]
    assert volume.metadata["seconds_per_frame"] == 3.0


def test_images_and_tiles_of_a_mosaic_are_chosen_by_number(tmp_path: Path) -> None:
    single, tiles = _pixels(20, 30, dtype=np.uint8), _pixels(4, 2, 20, 30)
    path = _write(tmp_path / "a.lif", ("one", "YX", single, STEPS), ("two", "MCYX", tiles, {}))
    assert parts_of(path) == [f"{path}/{name}" for name in ("0", "1.0", "1.1", "1.2", "1.3")]
    with pytest.raises(UserError, match="holds 5 images"):
        read_image(path)
    np.testing.assert_array_equal(read_image(path / "0").pixels[0, 0, 0], single)
    tile = read_image(path / "1.2")
    np.testing.assert_array_equal(tile.pixels[0, :, 0], tiles[2])
    assert (tile.unit, tile.spacing, tile.name, tile.channels) == ("pixel", (1, 1, 1), "a two", ("Green", "Red"))


def test_wavelengths_are_channels(tmp_path: Path) -> None:
    pixels = _pixels(6, 20, 30)
    volume = read_image(_write(tmp_path / "a.lif", ("lambda", "λYX", pixels, STEPS)))
    np.testing.assert_array_equal(volume.pixels[0, :, 0], pixels)
    assert volume.channels == ()


def test_a_large_one_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lif, "MAP_FROM", 100)
    pixels = _pixels(5, 20, 30)
    volume = read_image(_write(tmp_path / "a.lif", ("stack", "ZYX", pixels, STEPS)))
    assert isinstance(volume.pixels, np.memmap)
    np.testing.assert_array_equal(volume.pixels[0, 0], pixels)


@pytest.mark.parametrize("left", [0, 9, 40, 2000, -100])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, left: int) -> None:
    path = _write(tmp_path / "a.lif", ("cells", "ZYX", _pixels(5, 20, 30), STEPS))
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UserError, match=r"a\.lif is damaged"):
        read_image(path)


def test_a_file_without_images_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no image"):
        read_image(_write(tmp_path / "a.lif"))


def test_what_to_install_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "a.lif", ("cells", "YX", _pixels(20, 30), STEPS))
    monkeypatch.setitem(sys.modules, "liffile", None)
    with pytest.raises(UserError, match=r'pip install "napari-apprentice\[lif\]"'):
        read_image(path)
