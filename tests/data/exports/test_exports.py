"""What is written lines up with its image when it is read again, by us and by the libraries of each format."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pytest
import roifile
import shapely
import zarr
from skimage.draw import polygon2mask

from napari_apprentice.data.exports import WRITERS, write_labels
from napari_apprentice.data.exports.outlines import outlines
from napari_apprentice.data.files import read_image, read_labels
from napari_apprentice.data.image import orientation
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

RNG = np.random.default_rng(0)
# x to the left, y up, z to the front, as a sagittal series may lie
AFFINE = np.array([[-0.5, 0, 0, 10], [0, 0, 2.0, 20], [0, 0.7, 0, 30], [0, 0, 0, 1]])


def _labels(shape: tuple[int, int, int, int]) -> np.ndarray:
    """Blocks of ids up to 300 with background between."""
    coarse = RNG.integers(0, 300, (*shape[:2], -(-shape[2] // 4), -(-shape[3] // 4)))
    return coarse.repeat(4, axis=2).repeat(4, axis=3)[:, :, : shape[2], : shape[3]].astype(np.uint32)


def _image(shape: tuple[int, int, int, int], **more: object) -> Volume:
    pixels = RNG.integers(0, 255, (shape[0], 1, *shape[1:]), np.uint8)
    return Volume(pixels, (2.0, 0.7, 0.5), "um", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".tif", ".nii", ".nii.gz", ".nrrd", ".ome.zarr"])
@pytest.mark.parametrize("shape", [(1, 1, 20, 30), (1, 5, 20, 30), (3, 5, 20, 30)])
def test_a_round_trip_keeps_ids_and_spacing(tmp_path: Path, suffix: str, shape: tuple[int, int, int, int]) -> None:
    labels = _labels(shape)
    write_labels(tmp_path / f"a{suffix}", labels, like=_image(shape))
    np.testing.assert_array_equal(read_labels(tmp_path / f"a{suffix}"), labels)
    again = read_image(tmp_path / f"a{suffix}")
    assert again.spacing[1:] == pytest.approx((0.7, 0.5))
    assert shape[1] == 1 or again.spacing[0] == pytest.approx(2.0)
    assert again.unit == "um"
    assert [file.name for file in tmp_path.iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_labels_lie_where_the_image_lies_in_the_patient(tmp_path: Path, suffix: str) -> None:
    image = replace(_image((1, 5, 6, 7)), unit="mm", metadata=orientation.affine_metadata(AFFINE))
    write_labels(tmp_path / f"a{suffix}", _labels((1, 5, 6, 7)), like=image)
    again = read_image(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(again.metadata["affine"], AFFINE, atol=1e-6)
    assert again.metadata["orientation"] == "LSA"
    assert again.spacing == pytest.approx((2.0, 0.7, 0.5))


def test_files_are_as_other_programs_want_them(tmp_path: Path) -> None:
    labels = np.zeros((1, 5, 6, 7), np.uint32)
    labels[0, 1, 2, 3] = 7
    write_labels(tmp_path / "a.nii.gz", labels, (2.0, 0.7, 0.5), "um")
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert (image.shape, image.get_data_dtype(), image.header.get_xyzt_units()[0]) == ((7, 6, 5), np.uint8, "micron")
    assert image.dataobj[3, 2, 1] == 7
    write_labels(tmp_path / "a.nrrd", 1000 * labels, (2.0, 0.7, 0.5), "um")
    voxels, header = nrrd.read(str(tmp_path / "a.nrrd"))
    assert (voxels[3, 2, 1], voxels.dtype, header["space units"]) == (7000, np.uint16, ["um", "um", "um"])


def test_an_unknown_unit_of_the_format_becomes_millimetres(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.nii", np.ones((1, 2, 3, 4), np.uint32), (30.0, 10.0, 10.0), "nm")
    assert read_image(tmp_path / "a.nii").spacing == pytest.approx((3e-5, 1e-5, 1e-5))


@pytest.mark.parametrize("form", [2, 3])
def test_labels_are_added_to_an_ome_zarr_image(tmp_path: Path, form: int) -> None:
    image = zarr.open_group(tmp_path / "a.ome.zarr", mode="w", zarr_format=form)
    image.create_array("0", data=np.zeros((5, 600, 700), np.uint8))
    axes = [{"name": letter, "type": "space", "unit": "micrometer"} for letter in "zyx"]
    told = {"multiscales": [{"axes": axes, "datasets": [{"path": "0"}]}]}
    image.attrs.update({"ome": {"version": "0.5", **told}} if form == 3 else told)
    labels = _labels((1, 5, 600, 700))
    place = tmp_path / "a.ome.zarr" / "labels" / "nuclei"
    for _ in range(2):  # labels may be written again
        write_labels(place, labels, like=_image((1, 5, 600, 700)))
    write_labels(place.with_name("cells"), labels, like=_image((1, 5, 600, 700)), names={1: "tumour"})
    np.testing.assert_array_equal(read_labels(place), labels)
    group = zarr.open_group(place, mode="r")
    assert sorted(group.array_keys()) == ["0", "1", "2"]
    assert group["2"].shape == (5, 150, 175)
    assert group.metadata.zarr_format == form
    listed = zarr.open_group(tmp_path / "a.ome.zarr" / "labels", mode="r").attrs
    assert (listed["ome"] if form == 3 else listed)["labels"] == ["nuclei", "cells"]
    said = zarr.open_group(place.with_name("cells"), mode="r").attrs
    label = (said["ome"] if form == 3 else said)["image-label"]
    assert label["source"] == {"image": "../../"}
    assert label["properties"] == [{"label-value": 1, "class": "tumour"}]


def test_ome_zarr_passes_a_validator(tmp_path: Path) -> None:
    yaozarrs = pytest.importorskip("yaozarrs")
    write_labels(tmp_path / "a.ome.zarr", _labels((1, 5, 600, 700)), like=_image((1, 5, 600, 700)))
    yaozarrs.validate_zarr_store(str(tmp_path / "a.ome.zarr"))


def test_nothing_is_written_over_an_image(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=np.ones((4, 5)))
    with pytest.raises(UserError, match="is there already and is no labels: choose another name"):
        write_labels(tmp_path / "a.zarr", np.ones((1, 1, 4, 5), np.uint32))
    assert read_image(tmp_path / "a.zarr").pixels.shape == (1, 1, 1, 4, 5)


def _with_a_hole() -> np.ndarray:
    """One ring with a hole, one object in two parts, one of a single pixel; (1, 1, 12, 16)."""
    labels = np.zeros((1, 1, 12, 16), np.uint32)
    labels[0, 0, 1:8, 1:8] = 4
    labels[0, 0, 3:6, 3:6] = 0
    labels[0, 0, 2:4, 10:12] = labels[0, 0, 6:9, 10:15] = 9
    labels[0, 0, 11, 0] = 2
    return labels


def _filled(rings: Iterator[np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    """What rings of (x, y) enclose, by the centres of pixels; even and odd."""
    inside = np.zeros(shape, bool)
    for ring in rings:
        inside ^= polygon2mask(shape, ring[:, ::-1] - 0.5)
    return inside


def test_outlines_filled_again_are_the_objects() -> None:
    labels = _with_a_hole()
    found = {one.value: one for one in outlines(labels)}
    assert sorted(found) == [2, 4, 9]
    assert [len(found[value].rings) for value in (2, 4, 9)] == [1, 2, 2]
    for value, one in found.items():
        np.testing.assert_array_equal(_filled(iter(one.rings), (12, 16)), labels[0, 0] == value)


def test_a_fiji_roi_set(tmp_path: Path) -> None:
    labels = np.concatenate([_with_a_hole(), np.zeros_like(_with_a_hole())], axis=1)
    write_labels(tmp_path / "a.zip", labels)
    rois = roifile.roiread(tmp_path / "a.zip")
    assert [roi.name for roi in rois] == ["0002-z1", "0004-z1-1", "0004-z1-2", "0009-z1-1", "0009-z1-2"]
    assert {(roi.position, roi.c_position, roi.z_position, roi.t_position) for roi in rois} == {(1, 0, 0, 0)}
    whole = _filled((roi.coordinates() for roi in rois if "0009" in roi.name), (12, 16))
    np.testing.assert_array_equal(whole, labels[0, 0] == 9)
    with pytest.raises(UserError, match="no object"):
        write_labels(tmp_path / "b.zip", np.zeros((1, 1, 4, 4), np.uint32))


def test_geojson_for_qupath(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.geojson", _with_a_hole(), names={4: "gland", 9: "vessel"})
    told = json.loads((tmp_path / "a.geojson").read_text())
    shapes = {one["properties"]["name"]: shapely.geometry.shape(one["geometry"]) for one in told["features"]}
    assert {name: shape.geom_type for name, shape in shapes.items()} == {
        "2": "Polygon",
        "4": "Polygon",
        "9": "MultiPolygon",
    }
    assert len(shapes["4"].interiors) == 1
    assert all(shape.is_valid for shape in shapes.values())
    by_name = {one["properties"]["name"]: one["properties"] for one in told["features"]}
    measured = by_name["4"].pop("measurements")
    assert by_name["4"] == {"objectType": "annotation", "name": "4", "classification": {"name": "gland"}}
    assert (measured["pixels"], measured["area_px"]) == (40.0, 40.0)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_in_physical_units(tmp_path: Path) -> None:
    labels = np.zeros((1, 1, 8, 10), np.uint32)
    labels[0, 0, 2:4, 3:8] = 5
    pixels = np.zeros((1, 2, 1, 8, 10))
    pixels[0, 1, 0, 2:4, 3:8] = np.arange(10).reshape(2, 5)
    image = Volume(pixels, (1.0, 0.5, 0.5), "um", channels=("DNA", "actin"))
    write_labels(tmp_path / "a.csv", labels, like=image)
    (row,) = _rows(tmp_path / "a.csv")
    assert (row["label"], row["pixels"], row["area_um2"]) == ("5", "10", "2.5")
    assert (row["centroid_y_um"], row["centroid_x_um"]) == ("1.25", "2.5")
    assert (row["first_y"], row["end_y"], row["first_x"], row["end_x"]) == ("2", "4", "3", "8")
    assert (row["intensity_mean_DNA"], row["intensity_mean_actin"], row["intensity_max_actin"]) == ("0.0", "4.5", "9.0")
    assert float(row["equivalent_diameter_um"]) == pytest.approx(2 * np.sqrt(2.5 / np.pi))


def test_a_table_of_a_volume_over_time_and_of_classes(tmp_path: Path) -> None:
    labels = np.zeros((2, 3, 4, 4), np.uint32)
    labels[0, :2, :2, :2] = 1
    labels[1, 0, 0, 0] = 2
    write_labels(tmp_path / "a.csv", labels, (3.0, 1.0, 1.0), "um", names={1: "core", 2: "rim"})
    rows = _rows(tmp_path / "a.csv")
    assert [(row["label"], row["frame"], row["class"], row["volume_um3"]) for row in rows] == [
        ("1", "0", "core", "24.0"),
        ("2", "1", "rim", "3.0"),
    ]
    write_labels(tmp_path / "b.csv", labels)
    assert _rows(tmp_path / "b.csv")[0]["volume_px"] == "8.0"


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.csv", np.zeros((1, 1, 4, 4), np.uint32))
    assert (tmp_path / "a.csv").read_text().startswith("label,pixels,area_px,")


def test_a_parquet_table(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_labels(tmp_path / "a.parquet", _with_a_hole())
    assert parquet.read_table(tmp_path / "a.parquet")["label"].to_pylist() == [2, 4, 9]


def test_mistakes_are_one_sentence_and_leave_nothing(tmp_path: Path) -> None:
    labels = np.ones((1, 1, 4, 4), np.uint32)
    with pytest.raises(UserError, match=r"cannot be written as a\.xyz: let the name end in \.tif"):
        write_labels(tmp_path / "a.xyz", labels)
    with pytest.raises(UserError, match=r"refers to the slices of a DICOM series|need highdicom"):
        write_labels(tmp_path / "a.dcm", labels)
    for suffix in WRITERS:
        if suffix not in (".zarr", ".dcm", ".parquet"):
            with pytest.raises(UserError, match="Cannot write"):
                write_labels(tmp_path / "missing" / f"a{suffix}", labels)
    assert list(tmp_path.iterdir()) == []


def test_labels_that_are_none_are_refused(tmp_path: Path) -> None:
    for wrong in (np.full((1, 1, 4, 4), -1), np.full((1, 1, 4, 4), 1.5), np.full((1, 1, 4, 4), 2**40)):
        with pytest.raises(UserError, match=r"a\.tif has (labels outside|fractions)"):
            write_labels(tmp_path / "a.tif", wrong)
    with pytest.raises(UserError, match="at most 32767 voxels"):
        write_labels(tmp_path / "a.nii", np.zeros((1, 1, 2, 40000), np.uint32))
    with pytest.raises(UserError, match="do not lie on an image"):
        write_labels(tmp_path / "a.tif", np.zeros((1, 1, 4, 4), np.uint32), like=_image((1, 1, 4, 5)))


def test_a_pixel_size_that_was_given_holds_against_that_of_the_affine(tmp_path: Path) -> None:
    image = replace(_image((1, 5, 6, 7)), unit="mm", metadata=orientation.affine_metadata(AFFINE))
    write_labels(tmp_path / "a.nii", _labels((1, 5, 6, 7)), (4.0, 1.4, 1.0), like=image)
    again = read_image(tmp_path / "a.nii")
    assert again.spacing == pytest.approx((4.0, 1.4, 1.0))
    np.testing.assert_allclose(np.array(again.metadata["affine"])[:3, :3], 2 * AFFINE[:3, :3], atol=1e-6)


def test_own_ome_zarr_labels_may_be_written_again(tmp_path: Path) -> None:
    for value in (1, 2):
        write_labels(tmp_path / "a.ome.zarr", np.full((1, 1, 4, 5), value, np.uint32))
    assert read_labels(tmp_path / "a.ome.zarr").max() == 2
    assert [file.name for file in tmp_path.iterdir()] == ["a.ome.zarr"]


def test_labels_of_another_image_are_not_added_to_one(tmp_path: Path) -> None:
    write_labels(tmp_path / "a.ome.zarr", np.ones((1, 1, 4, 5), np.uint32))
    with pytest.raises(UserError, match="has another shape"):
        write_labels(tmp_path / "a.ome.zarr" / "labels" / "b", np.ones((1, 1, 4, 6), np.uint32))


def test_labels_begin_where_their_image_begins(tmp_path: Path) -> None:
    image = replace(_image((1, 5, 6, 7)), metadata={"translate": [4.0, 0.0, -2.5]})
    write_labels(tmp_path / "a.ome.zarr", _labels((1, 5, 6, 7)), like=image)
    assert read_image(tmp_path / "a.ome.zarr").metadata["translate"] == [4.0, 0.0, -2.5]
