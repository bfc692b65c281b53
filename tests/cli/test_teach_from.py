"""Images and masks that are there already, on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_apprentice as na
from napari_apprentice import cli
from napari_apprentice.data.labels.corrections import AS_LABELLED, UNKNOWN

FEW = ("--max-steps", "2", "--batch-size", "2", "--threads", "1", "--device", "cpu")


def discs() -> np.ndarray:
    """The discs of the images, each under its number."""
    y, x = np.mgrid[:96, :96]
    labels = np.zeros((96, 96), np.uint32)
    for number, (cy, cx) in enumerate(((20, 24), (24, 66), (60, 30), (66, 72)), start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 < 100] = number
    return labels


@pytest.fixture
def annotated(images: Path) -> Path:
    """One image has masks as Cellpose names them, the other one outlines of Fiji."""
    tifffile.imwrite(images / "one_cp_masks.tif", discs().astype(np.uint16))
    na.write_labels(images / "two_rois.zip", discs()[None, None])
    return images


def test_a_new_project_is_made_and_taught_from_a_folder(
    annotated: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    assert cli.run(["teach", str(project), "--from", str(annotated), "--model", str(model), *FEW]) == 0
    said = capsys.readouterr()
    assert "2 of 2 images with masks added, 8 objects" in said.out
    assert (project / "versions" / "v1.safetensors").exists()
    with na.Session.open(project) as session:
        assert all(entry.is_confirmed for entry in session.entries)
    assert cli.run(["teach", str(project), "--from", str(annotated), *FEW]) == 0  # and once more
    assert "confirmed masks in the project already" in capsys.readouterr().err


def test_only_objects_and_classes_are_said_by_options(annotated: Path, tmp_path: Path, model: Path) -> None:
    classes = ("--kind", "classes", "--class-names", "tumor", "stroma", "--partial", "--model", "fresh")
    one = annotated / "one.tif"
    assert cli.run(["teach", str(tmp_path / "project"), "--from", str(one), *classes, *FEW]) == 0
    with na.Session.open(tmp_path / "project") as session:
        assert [one.name for one in session.classes] == ["tumor", "stroma", "class 3", "class 4"]
        np.testing.assert_array_equal(session.current.confirmed[0, 0], np.where(discs(), AS_LABELLED, UNKNOWN))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "nowhere"), "does not exist"),
        (("--masks", "."), "give the folder with --from"),
        (("--from", "images", "--class-names", "tumor"), "add that, or leave the names out"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    annotated: Path, arguments: tuple[str, ...], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with na.Session.create(tmp_path / "project"):
        pass
    given = [str(annotated) if one == "images" else one for one in arguments]
    assert cli.run(["teach", str(tmp_path / "project"), *given]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_no_image_is_taken_in_for_a_model_that_is_not_there(
    annotated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    assert cli.run(["teach", str(project), "--from", str(annotated), "--model", "no-such"]) == 2
    said = capsys.readouterr()
    assert "no-such" in said.err
    assert "added" not in said.out
    with na.Session.open(project) as session:
        assert session.entries == []


def test_masks_go_from_one_format_to_another(
    annotated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, outlines = str(annotated / "two.tif"), str(annotated / "two_rois.zip")
    assert cli.run(["masks", image, outlines, "--out", str(tmp_path / "a.geojson")]) == 0
    assert "4 objects" in capsys.readouterr().out
    assert cli.run(["masks", image, str(tmp_path / "a.geojson"), "--out", str(tmp_path / "a.tif")]) == 0
    np.testing.assert_array_equal(na.read_labels(tmp_path / "a.tif")[0, 0], discs())
    assert cli.run(["masks", image, outlines, "--out", outlines]) == 2
    assert "would be overwritten" in capsys.readouterr().err


def test_outlines_judge_as_labels_do(annotated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    predicted = tmp_path / "predicted"
    predicted.mkdir()
    for name in ("one", "two"):
        tifffile.imwrite(predicted / f"{name}.tif", (255 * (discs() > 0)).astype(np.uint8))  # each part an object
    assert cli.run(["evaluate", str(annotated), str(annotated), "--predicted", str(predicted)]) == 0
    said = capsys.readouterr().out
    assert "2 images, 8 objects annotated, 8 found" in said
    assert "0.90: 1.000" in said
