"""NRRD: kinds of axes, spacing, and the patient's directions."""

from __future__ import annotations

import bz2
import gzip
import os
import tracemalloc
from pathlib import Path

import nrrd
import numpy as np
import pytest

from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.files import nrrd as ours
from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError


def test_x_comes_first_in_the_file_and_last_here(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nrrd.write(str(tmp_path / "a.nrrd"), array, {"spacings": [0.5, 0.6, 2.0], "units": ["um", "um", "um"]})
    volume = read_image(tmp_path / "a.nrrd")
    np.testing.assert_array_equal(volume.pixels[0, 0], array.transpose(2, 1, 0))
    assert (volume.spacing, volume.unit) == ((2.0, 0.6, 0.5), "um")
    assert "affine" not in volume.metadata


def test_directions_become_an_affine_to_the_right_the_front_and_up(tmp_path: Path) -> None:
    header = {
        "space": "left-posterior-superior",
        "space directions": np.array([[0.5, 0, 0], [0, 0, 2.0], [0, 1.0, 0]]),
        "space origin": np.array([10.0, 20.0, 30.0]),
    }
    nrrd.write(str(tmp_path / "a.nrrd"), np.zeros((2, 3, 4), np.uint8), header)
    volume = read_image(tmp_path / "a.nrrd")
    assert (volume.spacing, volume.unit, volume.metadata["orientation"]) == ((1.0, 2.0, 0.5), "mm", "LSP")
    # voxel x = 1: half a millimetre to the left of the first one
    np.testing.assert_allclose(np.array(volume.metadata["affine"]) @ [1, 0, 0, 1], [-10.5, -20, 30, 1])
    np.testing.assert_allclose(np.array(volume.metadata["affine"]) @ [0, 0, 1, 1], [-10, -21, 30, 1])


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_micrometres_with_a_greek_letter_are_no_metres(encoding: str, tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    options = {"spacings": [0.5, 0.5, 2.0], "units": ["um", "um", "um"], "encoding": "raw"}
    nrrd.write(str(tmp_path / "a.nrrd"), array, options)
    whole = (tmp_path / "a.nrrd").read_bytes()
    (tmp_path / "a.nrrd").write_bytes(whole.replace(b'"um"', '"µm"'.encode(encoding)))
    volume = read_image(tmp_path / "a.nrrd")
    assert (volume.spacing, volume.unit) == ((2.0, 0.5, 0.5), "um")
    np.testing.assert_array_equal(volume.pixels[0, 0], array.transpose(2, 1, 0))


@pytest.mark.parametrize(
    ("kinds", "shape", "read"),
    [
        (["RGB-color", "domain", "domain"], (3, 5, 6), (1, 3, 1, 6, 5)),
        (["vector", "domain", "domain", "domain"], (2, 5, 6, 7), (1, 2, 7, 6, 5)),
        (["domain", "domain", "domain", "list"], (5, 6, 7, 4), (4, 1, 7, 6, 5)),
        (["domain", "domain", "time"], (5, 6, 4), (4, 1, 1, 6, 5)),
    ],
)
def test_kinds_say_what_an_axis_is(
    tmp_path: Path, kinds: list[str], shape: tuple[int, ...], read: tuple[int, ...]
) -> None:
    array = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    nrrd.write(str(tmp_path / "a.nrrd"), array, {"kinds": kinds})
    assert read_image(tmp_path / "a.nrrd").pixels.shape == read


def test_an_axis_without_a_direction_is_time(tmp_path: Path) -> None:
    header = {"space": "RAS", "space directions": np.array([[np.nan] * 3, [1, 0, 0], [0, 1, 0], [0, 0, 1]])}
    nrrd.write(str(tmp_path / "a.nrrd"), np.zeros((2, 5, 6, 7), np.uint8), header)
    volume = read_image(tmp_path / "a.nrrd")
    assert (volume.pixels.shape, volume.metadata["orientation"]) == ((2, 1, 7, 6, 5), "RAS")


def test_pixels_beside_a_header_that_are_missing_are_told(tmp_path: Path) -> None:
    nrrd.write(str(tmp_path / "a.nhdr"), np.zeros((4, 5), np.uint8), detached_header=True)
    assert read_image(tmp_path / "a.nhdr").pixels.shape == (1, 1, 1, 5, 4)
    next(file for file in tmp_path.iterdir() if file.suffix != ".nhdr").unlink()
    with pytest.raises(UserError, match="is not there: put both together"):
        read_image(tmp_path / "a.nhdr")


def test_a_header_that_claims_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    nrrd.write(str(tmp_path / "a.nrrd"), np.zeros((4, 5), np.uint8))
    told = (tmp_path / "a.nrrd").read_bytes().replace(b"sizes: 4 5", b"sizes: 400000 500000")
    (tmp_path / "a.nrrd").write_bytes(told)
    with pytest.raises(UserError, match="claims 200 GB"):
        read_image(tmp_path / "a.nrrd")


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "i2", "u4", "f4", "f8"])
def test_a_large_raw_one_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, detached: bool) -> None:
    path = tmp_path / ("a.nhdr" if detached else "a.nrrd")
    array = np.random.default_rng(0).integers(0, 99, (6, 5, 4)).astype(dtype)
    nrrd.write(str(path), array, {"encoding": "raw"}, detached_header=detached)
    monkeypatch.setattr(ours, "MAP_FROM", 100)
    volume = read_image(path)
    assert isinstance(volume.pixels, np.memmap)
    np.testing.assert_array_equal(volume.pixels[0, 0], array.transpose(2, 1, 0))
    pixels = tmp_path / "a.raw" if detached else path
    pixels.write_bytes(pixels.read_bytes()[:-9])
    with pytest.raises(UserError, match=r"is damaged"):
        read_image(path)


def test_a_packed_or_turned_one_is_not_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "MAP_FROM", 100)
    array = np.random.default_rng(0).integers(0, 99, (6, 5, 4)).astype(">i2")
    for number, encoding in enumerate(("gzip", "raw")):
        path = tmp_path / f"{number}.nrrd"
        nrrd.write(str(path), array, {"encoding": encoding, "endian": "big"})
        volume = read_image(path)
        assert not isinstance(volume.pixels, np.memmap)
        np.testing.assert_array_equal(volume.pixels[0, 0], array.transpose(2, 1, 0))


@pytest.mark.parametrize(
    ("directions", "origin", "spacing"),
    [
        (np.diag([0.5, 0.5, 0.0]), np.zeros(3), (1.0, 1.0, 1.0)),
        (np.array([[0.5, 0, 0], [0.5, 0, 0], [0, 0, 2.0]]), np.zeros(3), (2.0, 0.5, 0.5)),
        (np.diag([0.5, 0.5, 2.0]), np.array([0, np.nan, 0]), (2.0, 0.5, 0.5)),
        (np.diag([0.5, 0.5, 1e300]), np.zeros(3), (1.0, 1.0, 1.0)),
    ],
)
def test_a_place_that_cannot_be_right_is_said_and_labels_can_be_written(
    tmp_path: Path, directions: np.ndarray, origin: np.ndarray, spacing: tuple[float, float, float]
) -> None:
    header = {"space": "left-posterior-superior", "space directions": directions, "space origin": origin}
    nrrd.write(str(tmp_path / "a.nrrd"), np.zeros((2, 3, 4), np.uint8), header)
    volume = read_image(tmp_path / "a.nrrd")
    assert volume.spacing == spacing
    assert "affine" not in volume.metadata
    assert volume.metadata["notes"][0].startswith("The place of a.nrrd cannot be right")
    for name in ("labels.nrrd", "labels.nii.gz"):
        write_labels(tmp_path / name, np.zeros(volume.labels_shape, np.uint32), like=volume)
        assert read_image(tmp_path / name).spacing == spacing


def test_a_slice_in_a_patient_lies_where_its_plane_does(tmp_path: Path) -> None:
    header = {
        "space": "left-posterior-superior",
        "space directions": np.array([[0.5, 0, 0], [0, 0, 2.0]]),
        "space origin": np.array([10.0, 20.0, 30.0]),
    }
    nrrd.write(str(tmp_path / "a.nrrd"), np.zeros((3, 4), np.uint8), header)
    affine = np.array(read_image(tmp_path / "a.nrrd").metadata["affine"])
    np.testing.assert_allclose(affine @ [1, 1, 0, 1], [-10.5, -20, 32, 1])
    assert abs(np.linalg.det(affine[:3, :3])) == pytest.approx(1.0)


@pytest.mark.parametrize("encoding", ["gzip", "bzip2"])
@pytest.mark.parametrize("skip", [{}, {"byte skip": 3}, {"byte skip": -1}, {"line skip": 1}])
@pytest.mark.parametrize("beside", [False, True])
def test_packed_pixels_behind_what_is_to_be_skipped(
    tmp_path: Path, encoding: str, skip: dict[str, int], beside: bool
) -> None:
    pack = {"gzip": gzip.compress, "bzip2": bz2.compress}[encoding]
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    packed = pack((b"abc" if "byte skip" in skip else b"") + pixels.tobytes())
    data = (b"a line\n" if "line skip" in skip else b"") + packed
    header = _header(encoding, skip, "data file: a.raw\n" if beside else "")
    (tmp_path / "a.raw").write_bytes(data)
    (tmp_path / "a.nhdr").write_bytes(header + (b"" if beside else b"\n" + data))
    np.testing.assert_array_equal(read_image(tmp_path / "a.nhdr").pixels[0, 0, 0], pixels)


@pytest.mark.parametrize("encoding", ["gzip", "bzip2"])
def test_more_packed_than_the_header_says_does_not_fill_the_memory(tmp_path: Path, encoding: str) -> None:
    pack = {"gzip": gzip.compress, "bzip2": bz2.compress}[encoding]
    (tmp_path / "a.nrrd").write_bytes(_header(encoding, {}, "") + b"\n" + pack(bytes(100_000_000)))
    tracemalloc.start()
    with pytest.raises(UserError, match="holds more than the 12 bytes that its header says"):
        read_image(tmp_path / "a.nrrd")
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


def test_lines_to_skip_that_are_not_there_are_not_counted_for_minutes(tmp_path: Path) -> None:
    (tmp_path / "a.nrrd").write_bytes(_header("raw", {"line skip": 10**12}, "") + b"\n" + bytes(12))
    with pytest.raises(UserError, match="has no 1000000000000 lines to skip"):
        read_image(tmp_path / "a.nrrd")


def _header(encoding: str, skip: dict[str, int], more: str) -> bytes:
    skips = "".join(f"{name}: {count}\n" for name, count in skip.items())
    lines = f"NRRD0005\ntype: uchar\ndimension: 2\nsizes: 4 3\nencoding: {encoding}\n{skips}{more}"
    return lines.encode()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes on this system")
@pytest.mark.parametrize("name", ["a.tif", "a.nii", "a.png", "a.npy", "a", "a.nrrd"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match="not an image that can be read"):
        read_image(tmp_path / name)
    (tmp_path / "b.nhdr").write_bytes(_header("raw", {}, f"data file: {name}\n"))
    with pytest.raises(UserError, match="which is not there"):
        read_image(tmp_path / "b.nhdr")
