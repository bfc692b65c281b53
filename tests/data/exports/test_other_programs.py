"""What other programs ask of a file: ImageJ's positions, QuPath's detections, Cellpose's keys, CellProfiler's rows."""

from __future__ import annotations

import csv
import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import roifile
import zarr

from napari_apprentice.data.exports import write_labels
from napari_apprentice.data.files import read_labels
from napari_apprentice.data.image.channels import chosen_channels
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError


def square(t: int = 1, channels: int = 1, z: int = 1) -> tuple[np.ndarray, Volume]:
    """Object 7, 3 x 4 pixels in the last frame and slice, of an image with so many frames, channels and slices."""
    labels = np.zeros((t, z, 8, 9), np.uint32)
    labels[-1, -1, 2:5, 3:7] = 7
    pixels = np.arange(t * channels * z * 72, dtype=np.uint16).reshape(t, channels, z, 8, 9)
    return labels, Volume(pixels, name="cells")


@pytest.mark.parametrize(
    ("axes", "position", "hyperstack"),
    [
        ({}, 0, (0, 0, 0)),
        ({"channels": 3}, 0, (0, 0, 0)),  # a stack of channels: shown in all of them
        ({"z": 4}, 4, (0, 0, 0)),
        ({"t": 5}, 5, (0, 0, 0)),
        ({"t": 5, "z": 4}, 0, (1, 4, 5)),  # one channel, and yet a hyperstack
        ({"channels": 2, "z": 4}, 0, (0, 4, 1)),
        ({"channels": 2, "t": 5}, 0, (0, 1, 5)),
    ],
)
def test_a_roi_lies_where_imagej_looks_for_it(
    axes: dict[str, int], position: int, hyperstack: tuple[int, int, int], tmp_path: Path
) -> None:
    labels, image = square(**axes)
    write_labels(tmp_path / "a.zip", labels, like=image)
    (roi,) = roifile.roiread(tmp_path / "a.zip")
    assert (roi.position, (roi.c_position, roi.z_position, roi.t_position)) == (position, hyperstack)


def test_of_an_image_of_which_one_channel_was_chosen_the_file_has_more(tmp_path: Path) -> None:
    labels, image = square(channels=2, z=4)
    write_labels(tmp_path / "a.zip", labels, like=chosen_channels(image, (1,)))
    (roi,) = roifile.roiread(tmp_path / "a.zip")
    assert (roi.position, roi.z_position) == (0, 4)


def features(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["features"]
    return found


def test_qupath_gets_detections_with_an_id_a_plane_and_measurements(tmp_path: Path) -> None:
    labels, image = square(t=2, z=3)
    write_labels(tmp_path / "a.geojson", labels, like=image)
    write_labels(tmp_path / "b.geojson", labels, like=image)
    (one,), (again,) = features(tmp_path / "a.geojson"), features(tmp_path / "b.geojson")
    assert str(uuid.UUID(one["id"])) == one["id"] == again["id"]
    assert one["geometry"]["plane"] == {"c": -1, "z": 2, "t": 1}
    said = one["properties"]
    assert (said["objectType"], said["name"]) == ("detection", "7")
    assert (said["measurements"]["pixels"], said["measurements"]["centroid_x_px"]) == (12.0, 4.5)


def test_qupath_gets_classes_with_their_colour(tmp_path: Path) -> None:
    labels, image = square()
    write_labels(tmp_path / "a.geojson", labels, like=image, names={7: "gland"}, colors={7: "#ff7f0e"})
    (one,) = features(tmp_path / "a.geojson")
    assert one["properties"]["objectType"] == "annotation"
    assert one["properties"]["classification"] == {"name": "gland", "color": [255, 127, 14]}


@pytest.mark.parametrize("z", [1, 3])
def test_a_cellpose_file_has_what_its_window_reads_and_is_read_again(z: int, tmp_path: Path) -> None:
    labels, image = square(z=z)
    labels[0, 0, 0, 0] = 900
    write_labels(tmp_path / "cells_seg.npy", labels, like=image, confirmed=np.where(labels == 7, 2, 0).astype(np.uint8))
    told = np.load(tmp_path / "cells_seg.npy", allow_pickle=True).item()
    assert told["masks"].shape == ((3, 8, 9) if z > 1 else (8, 9))
    assert (told["masks"].dtype, told["masks"].max(), len(told["colors"])) == (np.uint16, 2, 2)
    assert told["apprentice_ids"].tolist() == [7, 900]
    assert told["ismanual"].tolist() == [True, False]
    assert (told["outlines"] == 1).sum() == 10  # 3 x 4 pixels, of which two lie inside
    assert (told["flows"], told["chan_choose"], told["filename"]) == ([[], [], [], [], [[]]], [0, 0], "cells")
    found = read_labels(tmp_path / "cells_seg.npy")
    np.testing.assert_array_equal(np.array([0, 7, 900])[np.squeeze(found)], np.squeeze(labels))


def test_a_time_series_is_no_file_of_cellpose(tmp_path: Path) -> None:
    labels, image = square(t=2)
    with pytest.raises(UserError, match="one time point"):
        write_labels(tmp_path / "cells_seg.npy", labels, like=image)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_cellprofiler_gets_a_row_for_each_object_and_one_for_each_image(tmp_path: Path) -> None:
    labels, image = square(t=2, channels=2)
    write_labels(tmp_path / "a.cellprofiler.csv", labels, like=image, first_number=3)
    (one,) = rows(tmp_path / "a.cellprofiler.csv")
    assert (one["ImageNumber"], one["ObjectNumber"], one["TrackObjects_Label"]) == ("4", "7", "7")
    assert (one["AreaShape_Area"], one["AreaShape_Center_X"], one["AreaShape_Center_Y"]) == ("12", "4.5", "3.0")
    assert (one["AreaShape_BoundingBoxMinimum_X"], one["AreaShape_BoundingBoxMaximum_X"]) == ("3", "7")
    inside = image.pixels[1, 1, 0, 2:5, 3:7]
    assert float(one["Intensity_MeanIntensity_channel_1"]) == pytest.approx(inside.mean())
    assert float(one["Intensity_IntegratedIntensity_channel_1"]) == pytest.approx(inside.sum())
    images = rows(tmp_path / "a.cellprofiler_image.csv")
    assert [(two["ImageNumber"], two["Count_Objects"], two["Metadata_T"]) for two in images] == [
        ("3", "0", "0"),
        ("4", "1", "1"),
    ]
    assert images[0]["FileName_channel_0"] == "cells"


def test_a_table_of_images_of_others_stays(tmp_path: Path) -> None:
    labels, image = np.ones((1, 1, 4, 4), np.uint32), Volume(np.ones((1, 1, 1, 4, 4), np.uint16), (1.0, 1.0, 1.0))
    beside = tmp_path / "a.cellprofiler_image.csv"
    beside.write_text("ImageNumber,Mine\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match="choose another name"):
        write_labels(tmp_path / "a.cellprofiler.csv", labels, like=image)
    assert "Mine" in beside.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [beside]
    beside.unlink()
    for _ in range(2):  # our own is written anew
        write_labels(tmp_path / "a.cellprofiler.csv", labels, like=image)


def test_cellprofiler_gets_volumes_of_volumes(tmp_path: Path) -> None:
    labels, image = square(z=3)
    write_labels(tmp_path / "a.cellprofiler.csv", labels, like=image)
    (one,) = rows(tmp_path / "a.cellprofiler.csv")
    assert (one["AreaShape_Volume"], one["AreaShape_Center_Z"]) == ("12", "2.0")
    assert "AreaShape_Eccentricity" not in one


def test_ome_zarr_labels_have_colours_and_properties(tmp_path: Path) -> None:
    labels, image = square()
    write_labels(tmp_path / "a.zarr", labels, like=image, confirmed=np.where(labels == 7, 2, 0).astype(np.uint8))
    told: Any = zarr.open_group(tmp_path / "a.zarr", mode="r").attrs["ome"]
    assert told["image-label"]["properties"] == [{"label-value": 7, "confirmed": 1.0}]
    (color,) = told["image-label"]["colors"]
    assert (color["label-value"], color["rgba"][3]) == (7, 255)
    write_labels(tmp_path / "b.zarr", labels, like=image, names={7: "gland"}, colors={7: "#ff7f0e"})
    told = zarr.open_group(tmp_path / "b.zarr", mode="r").attrs["ome"]["image-label"]
    assert told["colors"] == [{"label-value": 7, "rgba": [255, 127, 14, 255]}]
    assert told["properties"] == [{"label-value": 7, "class": "gland"}]
