"""Outlines of Fiji and QuPath become masks, and what is written as outlines comes back exactly."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import roifile
import tifffile

import napari_apprentice as na
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.masks import Masks, are_outlines, read_masks
from napari_apprentice.settings import ClassName

DATA = Path(__file__).parents[4] / "shared" / "data"


def image(*shape: int) -> Volume:
    """An empty image (T, C, Z, Y, X), of which the last lengths are given."""
    return Volume(np.zeros((1,) * (5 - len(shape)) + shape, np.uint8))


def roi(points: Any, name: str = "a", **told: Any) -> roifile.ImagejRoi:
    made = roifile.ImagejRoi.frompoints(np.asarray(points), name=name)
    made.roitype = roifile.ROI_TYPE.POLYGON
    for one, value in told.items():
        setattr(made, one, value)
    return made


def box(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def from_rois(tmp_path: Path, *rois: roifile.ImagejRoi, on: Volume, **told: Any) -> Masks:
    with zipfile.ZipFile(tmp_path / "RoiSet.zip", "w") as file:
        for number, one in enumerate(rois):
            file.writestr(f"{number}.roi", one.tobytes())
    return read_masks(tmp_path / "RoiSet.zip", on, **told)


def feature(coordinates: Any, shape: str = "Polygon", plane: Any = None, **properties: Any) -> dict[str, Any]:
    geometry = {"type": shape, "coordinates": coordinates}
    if plane is not None:
        geometry["plane"] = plane
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def from_json(tmp_path: Path, *features: Any, on: Volume, **told: Any) -> Masks:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)}), encoding="utf-8")
    return read_masks(path, on, **told)


@pytest.fixture
def hard() -> np.ndarray:
    """A pixel in the corner, a ring around another object, touching ones, one in three parts, one at the end."""
    labels = np.zeros((1, 1, 12, 14), np.uint32)
    plane = labels[0, 0]
    plane[0, 0] = 1
    plane[2:7, 2:8] = 5
    plane[3:6, 3:6] = 0
    plane[4, 4] = 6
    plane[3:5, 8:11] = 7
    plane[9, 2] = plane[9, 6] = plane[10, 7] = 12
    plane[8:12, 11:14] = 40
    return labels


@pytest.mark.parametrize("suffix", [".zip", ".geojson"])
@pytest.mark.parametrize(("frames", "slices"), [(1, 1), (1, 3), (2, 1), (2, 3)])
def test_what_is_written_as_outlines_comes_back_exactly(
    hard: np.ndarray, suffix: str, frames: int, slices: int, tmp_path: Path
) -> None:
    labels = np.tile(hard, (frames, slices, 1, 1))
    labels[-1, -1][labels[-1, -1] == 5] = 0  # not the same everywhere
    on = image(frames, 1, slices, 12, 14)
    na.write_labels(tmp_path / f"a{suffix}", labels, like=on)
    found = read_masks(tmp_path / f"a{suffix}", on)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.notes == ()


@pytest.mark.data
@pytest.mark.parametrize("suffix", [".zip", ".geojson"])
@pytest.mark.parametrize("name", ["bbbc039", "usiigaci_phase", "nuclei3d_ovules"])
def test_masks_of_real_images_come_back_exactly(name: str, suffix: str, tmp_path: Path) -> None:
    folder = DATA / name / "labels"
    if not folder.exists():
        pytest.skip(f"{folder} is not here")
    labels = na.read_labels(sorted(folder.iterdir())[0])
    on = image(labels.shape[0], 1, *labels.shape[1:])
    na.write_labels(tmp_path / f"a{suffix}", labels, like=on)
    np.testing.assert_array_equal(read_masks(tmp_path / f"a{suffix}", on).labels, labels)


def test_points_are_corners_of_pixels_and_each_shape_of_fiji_has_its_pixels(tmp_path: Path) -> None:
    oval = roifile.ImagejRoi(roitype=roifile.ROI_TYPE.OVAL, left=6, top=0, right=9, bottom=3, name="oval")
    rect = roifile.ImagejRoi(roitype=roifile.ROI_TYPE.RECT, left=0, top=6, right=3, bottom=8, name="rect")
    found = from_rois(tmp_path, roi(box(1, 1, 4, 3)), oval, rect, on=image(10, 10))
    expected = np.zeros((10, 10), int)
    expected[1:3, 1:4] = 1
    expected[0:3, 6:9] = 2  # of 3 x 3 the centre of a corner is 1.41 from the middle, and the radius 1.5
    expected[6:8, 0:3] = 3
    np.testing.assert_array_equal(found.labels[0, 0], expected)


def test_an_oval_leaves_out_its_corners(tmp_path: Path) -> None:
    oval = roifile.ImagejRoi(roitype=roifile.ROI_TYPE.OVAL, left=1, top=1, right=7, bottom=5)
    found = from_rois(tmp_path, oval, on=image(6, 8))
    y, x = np.mgrid[:6, :8] + 0.5
    inside = ((x - 4) / 3) ** 2 + ((y - 3) / 2) ** 2 <= 1
    np.testing.assert_array_equal(found.labels[0, 0] > 0, inside)
    assert not inside[1, 1]


def test_a_composite_outline_has_its_hole_and_its_parts(tmp_path: Path) -> None:
    path: list[float] = []
    for ring in (box(0, 0, 5, 5), box(1, 1, 4, 4), box(7, 7, 9, 9)):
        path += [0, *ring[0]] + [value for point in ring[1:] for value in (1, *point)] + [4]
    made = roifile.ImagejRoi(roitype=roifile.ROI_TYPE.RECT, left=0, top=0, right=9, bottom=9)
    made.multi_coordinates = np.array(path, np.float32)
    made.shape_roi_size = len(path)
    found = from_rois(tmp_path, made, on=image(10, 10)).labels[0, 0]
    expected = np.zeros((10, 10), int)
    expected[:5, :5] = 1
    expected[1:4, 1:4] = 0
    expected[7:9, 7:9] = 1
    np.testing.assert_array_equal(found, expected)


def test_positions_in_a_hyperstack_and_in_a_stack_say_where(tmp_path: Path) -> None:
    hyper = roi(box(0, 0, 1, 1), c_position=1, z_position=2, t_position=3)
    stack = roi(box(2, 2, 3, 3), position=6)  # slices first: of 4 frames with 2 slices the third's second
    nowhere, beyond = roi(box(4, 4, 5, 5)), roi(box(4, 4, 5, 5), z_position=3, t_position=1)
    found = from_rois(tmp_path, hyper, stack, nowhere, beyond, on=image(4, 1, 2, 6, 6))
    assert [tuple(int(i) for i in at) for at in np.argwhere(found.labels)] == [(2, 1, 0, 0), (2, 1, 2, 2)]
    assert found.notes == (
        "1 outline was left out: the file does not say in which slice or frame.",
        "1 outline was left out, in slices or frames that the image does not have.",
    )


def test_what_fiji_calls_slices_may_be_frames(tmp_path: Path) -> None:
    found = from_rois(tmp_path, roi(box(0, 0, 1, 1), z_position=3, t_position=1), on=image(4, 1, 1, 6, 6))
    assert np.argwhere(found.labels).tolist() == [[2, 0, 0, 0]]


def test_in_a_volume_sections_without_numbers_are_joined_where_they_overlap(tmp_path: Path) -> None:
    rois = [roi(box(0, 0, 4, 4), f"000{z}-0002-0002", z_position=z) for z in (1, 2, 3)]
    rois.append(roi(box(6, 0, 9, 3), "0002-0001-0007", z_position=2))
    found = from_rois(tmp_path, *rois, on=image(3, 10, 10))
    assert len(np.unique(found.labels[0, :, 1, 1])) == 1
    assert len(np.unique(found.labels)) == 3
    assert found.notes == ("4 outlines were joined where they overlap from slice to slice, to 2 objects.",)


def test_points_and_lines_are_left_out_with_a_sentence(tmp_path: Path) -> None:
    point = roi([(1, 1)], roitype=roifile.ROI_TYPE.POINT)
    line = roifile.ImagejRoi(roitype=roifile.ROI_TYPE.LINE, x1=1, y1=1, x2=4, y2=4)
    found = from_rois(tmp_path, point, line, roi(box(0, 0, 2, 2)), on=image(6, 6))
    assert int(found.labels.sum()) == 4
    assert found.notes == ("Left out, having no area: 1 line, 1 point.",)
    assert found.lacks


def test_where_outlines_overlap_the_smaller_one_keeps_its_pixels(tmp_path: Path) -> None:
    small, large, under = box(2, 2, 4, 4), box(0, 0, 6, 6), box(2, 2, 3, 3)
    found = from_rois(tmp_path, roi(small), roi(large), roi(box(7, 7, 8, 8)), roi(under), on=image(8, 8))
    assert found.labels[0, 0, 3, 3] == 1
    assert found.labels[0, 0, 2, 2] == 4
    assert int((found.labels == 2).sum()) == 36 - 4
    assert found.notes == ("4 pixels were in more than one outline: the smaller one has them.",)
    assert not found.lacks
    again = from_rois(tmp_path, roi(small), roi(small), on=image(8, 8))
    assert again.notes[1] == "1 outline was left out, lying wholly under smaller ones."


def test_objects_of_qupath_have_holes_and_parts_and_come_without_what_is_around_them(tmp_path: Path) -> None:
    ring = feature([box(0, 0, 5, 5), box(1, 1, 4, 4)], objectType="cell", measurements={"Area": 16})
    parts = feature([[box(6, 0, 7, 1)], [box(8, 8, 9, 9)]], "MultiPolygon", objectType="detection")
    around = feature([box(0, 0, 10, 10)], objectType="annotation", classification={"name": "Tumor"})
    point = feature([1, 1], "Point", objectType="detection")
    found = from_json(tmp_path, around, ring, parts, point, on=image(10, 10))
    expected = np.zeros((10, 10), int)
    expected[:5, :5] = 1
    expected[1:4, 1:4] = 0
    expected[0, 6] = expected[8, 8] = 2
    np.testing.assert_array_equal(found.labels[0, 0], expected)
    assert found.notes == (
        "Left out, having no area: 1 point.",
        "1 outline was left out: annotations are areas around objects.",
    )


def test_classifications_become_classes_and_those_that_qupath_ignores_are_left_out(tmp_path: Path) -> None:
    known = (ClassName(value=3, name="Stroma"),)
    areas = (
        feature([box(0, 0, 2, 2)], classification={"name": "Stroma"}),
        feature([box(2, 2, 4, 4)], classification={"name": "Tumor", "color": [200, 0, 16]}),
        feature([box(5, 5, 6, 6)], classification={"name": "Ignore*"}),
        feature([box(6, 6, 8, 8)]),
    )
    found = from_json(tmp_path, *areas, on=image(8, 8), kind="classes", classes=known)
    assert [(one.value, one.name) for one in found.classes] == [(3, "Stroma"), (1, "Tumor")]
    assert found.classes[1].color == "#c80010"
    assert np.unique(found.labels).tolist() == [0, 1, 3]
    assert found.notes[-1] == "1 outline was left out, having no class."


def test_areas_of_classes_come_back_by_their_names(tmp_path: Path) -> None:
    labels = np.zeros((1, 1, 8, 8), np.uint32)
    labels[..., :4, :4], labels[..., 5:, 5:] = 1, 2
    classes = (ClassName(value=1, name="tumor"), ClassName(value=2, name="stroma"))
    for suffix in (".zip", ".geojson"):
        na.write_labels(tmp_path / f"a{suffix}", labels, names={1: "tumor", 2: "stroma"})
        found = read_masks(tmp_path / f"a{suffix}", image(8, 8), "classes", classes)
        np.testing.assert_array_equal(found.labels, labels)
        assert found.classes == classes
    with pytest.raises(na.UserError, match="has the name of a class"):
        read_masks(tmp_path / "a.zip", image(8, 8), "classes", (ClassName(value=1, name="glands"),))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "damaged"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"type": "FeatureCollection", "features": []}', "no outlines"),
        (json.dumps(feature([[(0, 0), (float("nan"), 2), (3, 3)]])).encode(), "only damaged outlines"),
        (json.dumps(feature([[(0, 0), (1e300, 2), (3, 3)]])).encode(), "only damaged outlines"),
        (json.dumps(feature([["a", None]])).encode(), "only damaged outlines"),
        (json.dumps(feature(7)).encode(), "only damaged outlines"),
    ],
)
def test_what_is_no_geojson_is_one_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(content)
    with pytest.raises(na.UserError, match=sentence):
        read_masks(path, image(8, 8))


def test_a_set_that_unpacks_to_far_more_than_outlines_need_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.roi", bytes((1 << 26) + 1))
    with pytest.raises(na.UserError, match="unpacks to 64 MB"):
        read_masks(tmp_path / "a.zip", image(8, 8))
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(na.UserError, match=r"b\.zip is damaged"):
        read_masks(tmp_path / "b.zip", image(8, 8))


def test_a_zip_is_outlines_by_the_names_in_it(tmp_path: Path) -> None:
    for name, names in (("a", ["x.roi"]), ("b", ["__MACOSX/x.roi", "x.ROI"]), ("c", ["x.tif"]), ("d", [])):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as file:
            for one in names:
                file.writestr(one, b"x")
    (tmp_path / "e.zip").write_bytes(b"PK")
    assert [are_outlines(tmp_path / f"{name}.zip") for name in "abcdef"] == [True, True, False, False, False, False]


def test_of_a_set_with_a_damaged_outline_the_others_come(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.roi", roi(box(0, 0, 2, 2)).tobytes())
        file.writestr("b.roi", roi(box(4, 4, 6, 6)).tobytes()[:70])
    found = read_masks(tmp_path / "a.zip", image(8, 8))
    assert int((found.labels > 0).sum()) == 4
    assert "1 outline was left out, being damaged." in found.notes


def test_a_binary_mask_is_parts_and_numbers_are_objects(tmp_path: Path) -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[0:2, 0:2] = mask[2, 2] = mask[5:7, 5:7] = 255  # the first two meet at a corner
    tifffile.imwrite(tmp_path / "a.tif", mask)
    found = read_masks(tmp_path / "a.tif", image(8, 8))
    assert len(np.unique(found.labels)) == 3
    assert found.notes == ("Each connected part is an object: 2 objects.",)
    as_numbers = read_masks(tmp_path / "a.tif", image(8, 8), settings=na.MaskSettings(meaning="numbers"))
    assert np.unique(as_numbers.labels).tolist() == [0, 255]
    tifffile.imwrite(tmp_path / "b.tif", np.where(mask > 0, 2, 1).astype(np.uint8))
    with pytest.raises(na.UserError, match="say which of them is background"):
        read_masks(tmp_path / "b.tif", image(8, 8))
    found = read_masks(tmp_path / "b.tif", image(8, 8), settings=na.MaskSettings(background=1, meaning="parts"))
    assert len(np.unique(found.labels)) == 3


def test_planes_that_one_file_calls_slices_and_the_other_frames_are_the_same(tmp_path: Path) -> None:
    labels = np.arange(5 * 8 * 9, dtype=np.uint16).reshape(5, 8, 9)
    tifffile.imwrite(tmp_path / "a.tif", labels, imagej=True, metadata={"axes": "ZYX"})
    found = read_masks(tmp_path / "a.tif", image(5, 1, 1, 8, 9))
    np.testing.assert_array_equal(found.labels[:, 0], labels)
    with pytest.raises(na.UserError, match="they must be of one size"):
        read_masks(tmp_path / "a.tif", image(4, 1, 1, 8, 9))


def test_an_export_without_objects_says_that_there_is_none_and_other_empty_collections_say_nothing(
    tmp_path: Path,
) -> None:
    na.write_labels(tmp_path / "none.geojson", np.zeros((1, 1, 8, 8), np.uint32))
    found = read_masks(tmp_path / "none.geojson", image(8, 8))
    assert not found.labels.any()
    assert not found.lacks
    with pytest.raises(na.UserError, match="holds no outlines"):
        from_json(tmp_path, on=image(8, 8))


def test_a_white_mask_is_of_the_one_class_there_is(tmp_path: Path) -> None:
    mask = np.zeros((8, 8), np.uint8)
    mask[2:4, 2:4] = 255
    tifffile.imwrite(tmp_path / "a.tif", mask)
    found = read_masks(tmp_path / "a.tif", image(8, 8), kind="classes")
    assert (int(found.labels.sum()), found.classes[0].value) == (4, 1)
    one, other, white = (ClassName(value=value, name=f"{value}") for value in (3, 5, 255))
    assert int(read_masks(tmp_path / "a.tif", image(8, 8), "classes", (one,)).labels.max()) == 3
    assert int(read_masks(tmp_path / "a.tif", image(8, 8), "classes", (one, white)).labels.max()) == 255
    with pytest.raises(na.UserError, match="give it the number of its class"):
        read_masks(tmp_path / "a.tif", image(8, 8), "classes", (one, other))
