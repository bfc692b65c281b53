"""NRRD: kinds of axes, spacing, and the patient's directions."""

from __future__ import annotations

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
