"""ND2 files, of the second version, written here chunk by chunk: no free sample is small enough to be in the tests."""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest

from napari_apprentice.data.files import nd2, parts_of, pixels, planes, read_image
from napari_apprentice.errors import UserError

pytest.importorskip("nd2")
MAGIC = 0x0ABECEDA
TYPES = {bool: "bool", int: "lx_int32", float: "double", str: "CLxStringW"}


def _xml(told: dict[str, Any]) -> bytes:
    """Nikon's way to write values, each with its type."""

    def one(name: str, value: Any) -> str:
        if isinstance(value, dict):
            return f'<{name} runtype="CLxListVariant">{"".join(one(*item) for item in value.items())}</{name}>'
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f'<{name} runtype="{TYPES[type(value)]}" value={quoteattr(text)}/>'

    inside = f'<no_name runtype="CLxListVariant">{"".join(one(*item) for item in told.items())}</no_name>'
    return f'<?xml version="1.0" encoding="UTF-8"?><variant version="1.0">{inside}</variant>'.encode()


def _loops(loops: list[tuple[int, dict[str, Any], int]]) -> dict[str, Any]:
    """Loops inside each other, the outermost first."""
    kind, parameters, _ = loops[0]
    told: dict[str, Any] = {"eType": kind, "uLoopPars": parameters}
    return {**told, **({"ppNextLevelEx": {"i0000000000": _loops(loops[1:])}} if loops[1:] else {})}


TIME = (1, {"uiCount": 2, "dStart": 0.0, "dPeriod": 1500.0, "dDuration": 3000.0}, 2)
PLACES = (2, {"Points": {f"i{i:010}": {"dPosX": 100.0 * i, "dPosY": 0.0, "dPosZ": 0.0} for i in range(3)}}, 3)
DEPTH = (4, {"uiCount": 4, "dZLow": 0.0, "dZHigh": 6.0, "dZStep": 2.0}, 4)


def _write(
    path: Path,
    frames: np.ndarray,
    loops: list[Any] = (),
    *,
    calibrated: bool = True,
    packed: bool = False,
    rgb: bool = False,
    dyes: bool = True,
) -> Path:
    """Frames (n, Y, X, C) in the order of the loops."""
    count, y, x, channels = frames.shape
    probe = {"m_ExcitationSpectrum": {"uiCount": 1, "pPoint": {"Point0": {"dTValue": 1.0, "dWavelength": 488.0}}}}
    names, colours = ("DNA", "actin", "tubulin"), (0xFF0000, 0x00FF00, 0x0000FF)
    planes = {
        f"a{i}": {"sDescription": names[i], "uiColor": colours[i], "uiCompCount": 1, "pFluorescentProbe": probe}
        for i in range(1 if rgb else channels)
    }
    for plane in planes.values():
        plane.update({"uiCompCount": channels} if rgb else {})
        plane.pop("" if dyes else "pFluorescentProbe", None)
    attributes = {
        "uiWidth": x,
        "uiWidthBytes": x * channels * frames.itemsize,
        "uiHeight": y,
        "uiComp": channels,
        "uiBpcInMemory": 8 * frames.itemsize,
        "uiBpcSignificant": 8 * frames.itemsize,
        "uiSequenceCount": count,
        "eCompression": 0 if packed else 2,
    }
    metadata = {
        "bCalibrated": calibrated,
        "dCalibration": 0.25,
        "sPicturePlanes": {"uiCount": len(planes), "sPlaneNew": planes},
    }
    chunks = {b"ImageAttributes!": _xml(attributes), b"ImageMetadataSeq|0!": _xml(metadata)}
    if loops:
        chunks[b"ImageMetadata!"] = _xml(_loops(list(loops)))
    for number, frame in enumerate(frames):
        data = frame.tobytes()
        chunks[b"ImageDataSeq|%d!" % number] = bytes(8) + (zlib.compress(data) if packed else data)
    with path.open("wb") as file:
        file.write(struct.pack("<IIQ32s64s", MAGIC, 32, 64, b"ND2 FILE SIGNATURE CHUNK NAME01!", b"Ver2.1"))
        places = b""
        for name, data in chunks.items():
            file.write(bytes(-file.tell() % 4096))
            places += name + struct.pack("<QQ", file.tell(), len(data))
            file.write(struct.pack("<IIQ", MAGIC, 4072, len(data)) + name.ljust(4072, b"\0") + data)
        file.write(bytes(-file.tell() % 4096))
        start = file.tell()
        end = b"ND2 CHUNK MAP SIGNATURE 0000001!" + struct.pack("<Q", start)
        mapped = b"ND2 FILEMAP SIGNATURE NAME 0001!"
        file.write(struct.pack("<IIQ", MAGIC, len(mapped), len(places) + len(end)) + mapped + places + end)
    return path


def _frames(count: int, channels: int = 2, dtype: type = np.uint16) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, 20, 30, channels)).astype(dtype)


def test_frames_channels_and_depth_with_spacing_names_and_colours(tmp_path: Path) -> None:
    frames = _frames(8)
    volume = read_image(_write(tmp_path / "a.nd2", frames, [TIME, DEPTH]))
    expected = frames.reshape(2, 4, 20, 30, 2).transpose(0, 4, 1, 2, 3)
    np.testing.assert_array_equal(volume.pixels, expected)
    assert (volume.spacing, volume.unit) == ((2.0, 0.25, 0.25), "um")
    assert (volume.channels, volume.name) == (("DNA", "actin"), "a")
    assert volume.metadata["colors"] == ["#0000ff", "#00ff00"]
    assert volume.metadata["seconds_per_frame"] == 1.5


def test_positions_are_images_of_their_own(tmp_path: Path) -> None:
    frames = _frames(2 * 3 * 4, 1)
    path = _write(tmp_path / "a.nd2", frames, [TIME, PLACES, DEPTH])
    assert parts_of(path) == [f"{path}/{i}" for i in range(3)]
    with pytest.raises(UserError, match="holds 3 positions"):
        read_image(path)
    volume = read_image(path / "1")
    np.testing.assert_array_equal(volume.pixels[:, 0], frames.reshape(2, 3, 4, 20, 30)[:, 1])
    assert (volume.name, volume.source) == ("a 1", str(path / "1"))


def test_packed_colours_without_calibration(tmp_path: Path) -> None:
    frames = _frames(1, 3, np.uint8)
    path = _write(tmp_path / "a.nd2", frames, calibrated=False, packed=True)
    volume = read_image(path)
    np.testing.assert_array_equal(volume.pixels[0, :, 0], frames[0].transpose(2, 0, 1))
    assert (volume.spacing, volume.unit, volume.metadata["axes"]) == ((1.0, 1.0, 1.0), "pixel", "CYX")


def test_colour_pictures(tmp_path: Path) -> None:
    frames = _frames(2, 3, np.uint8)
    volume = read_image(_write(tmp_path / "a.nd2", frames, [TIME], rgb=True))
    np.testing.assert_array_equal(volume.pixels[:, :, 0], frames.transpose(0, 3, 1, 2))
    assert volume.metadata["rgb"]


def test_pixels_of_a_file_with_odd_metadata(tmp_path: Path) -> None:
    volume = read_image(_write(tmp_path / "a.nd2", _frames(1), dyes=False))
    assert (volume.pixels.shape, volume.channels, volume.unit) == ((1, 2, 1, 20, 30), (), "pixel")


def test_a_large_one_is_read_as_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = _frames(4)
    monkeypatch.setattr(planes, "MAP_FROM", 100)
    volume = read_image(_write(tmp_path / "a.nd2", frames, [DEPTH]))
    assert not isinstance(volume.pixels, np.ndarray)
    np.testing.assert_array_equal(volume.pixels[0, 1, 2, 5:9, 3:4], frames[2, 5:9, 3:4, 1])


@pytest.mark.parametrize("left", [0, 3, 100, 5000, 20_000])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, left: int) -> None:
    path = _write(tmp_path / "a.nd2", _frames(3), [(*DEPTH[:1], {**DEPTH[1], "uiCount": 3}, 3)])
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(UserError, match=r"a\.nd2 is damaged"):
        read_image(path)


def test_what_to_install_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "a.nd2", _frames(1))
    monkeypatch.setitem(sys.modules, "nd2", None)
    with pytest.raises(UserError, match=r'pip install "napari-apprentice\[nd2\]"'):
        read_image(path)
    assert parts_of(path) == [str(path)]
    assert nd2.SUFFIXES == (".nd2",)
    assert pixels.MAP_FROM > 100


def test_frames_of_a_recording_that_was_stopped_are_black_and_said(tmp_path: Path) -> None:
    frames = _frames(6)
    volume = read_image(_write(tmp_path / "a.nd2", frames, [TIME, DEPTH]))
    expected = np.concatenate([frames, np.zeros_like(frames[:2])]).reshape(2, 4, 20, 30, 2).transpose(0, 4, 1, 2, 3)
    np.testing.assert_array_equal(volume.pixels, expected)
    assert volume.metadata["notes"] == [
        "a.nd2 announces 8 frames, of which 2 (t 1, z 2; t 1, z 3, counted from 0) are not there: they are black."
    ]
