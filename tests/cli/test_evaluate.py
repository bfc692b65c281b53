"""``apprentice evaluate``, and the same from Python."""

from __future__ import annotations

import csv
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest
import tifffile

import napari_apprentice as na
from napari_apprentice import cli


@pytest.fixture
def annotated(tmp_path: Path) -> Path:
    """Two images with two squares each; of the second one what was predicted holds one of them, and one elsewhere."""
    truth = np.zeros((40, 40), np.uint16)
    truth[4:12, 4:12], truth[20:30, 20:30] = 1, 2
    wrong = truth.copy()
    wrong[truth == 1] = 0
    wrong[34:38, 2:8] = 3
    for folder, suffix, labels in (("labels", "", (truth, truth)), ("predicted", "_masks", (truth, wrong))):
        (tmp_path / folder).mkdir()
        for name, one in zip(("a", "b"), labels, strict=True):
            tifffile.imwrite(tmp_path / folder / f"{name}{suffix}.tif", one)
    (tmp_path / "images").mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(tmp_path / "images" / f"{name}.tif", (100 * (truth > 0)).astype(np.uint8))
    return tmp_path


def run(*arguments: object) -> int:
    return cli.run(["evaluate", *map(str, arguments)])


def test_labels_of_any_program_are_scored_image_by_image(annotated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = annotated / "out"
    assert run(annotated / "images", annotated / "labels", "--predicted", annotated / "predicted", "--out", out) == 0
    said = capsys.readouterr().out
    assert "2 images, 4 objects annotated, 4 found" in said
    assert "0.50: 0.667, 0.75: 0.667, 0.90: 0.667" in said  # (1 + 1/3) / 2
    assert "1 missed, 1 false, 0 merged, 0 cut" in said
    with (out / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["a", "b"]
    assert rows[1]["AP 0.50"] == "0.3333"
    assert (rows[1]["missed"], rows[1]["false"], rows[1]["merged"], rows[1]["cut"]) == ("1", "1", "0", "0")
    assert rows[0]["Dice foreground"] == "1.0000"
    picture = iio.imread(out / "worst.png")
    assert picture.shape[2] == 3
    assert ((picture == (60, 220, 90)).all(axis=2)).any()  # outlines of the annotation


def test_where_nothing_is_annotated_and_nothing_found_there_is_no_dice(
    annotated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tifffile.imwrite(annotated / "empty.tif", np.zeros((40, 40), np.uint16))
    assert run(annotated / "images/a.tif", annotated / "empty.tif", "--predicted", annotated / "empty.tif") == 0
    said = capsys.readouterr().out
    assert "1 image, 0 objects annotated, 0 found" in said
    assert "panoptic quality 1.000 (means" in said
    assert "Dice" not in said


def test_a_model_is_scored_as_segment_segments(annotated: Path, model: Path, tmp_path: Path) -> None:
    assert run(annotated / "images", annotated / "labels", "--model", model, "--out", tmp_path / "by-model") == 0
    cli.run(["segment", str(annotated / "images"), "--model", str(model), "--out", str(tmp_path / "segmented")])
    predicted = ("--predicted", tmp_path / "segmented", "--out", tmp_path / "by-labels")
    assert run(annotated / "images", annotated / "labels", *predicted) == 0
    tables = [(tmp_path / one / "scores.csv").read_text() for one in ("by-model", "by-labels")]
    assert tables[0] == tables[1]


def test_python_gives_the_same_scores(annotated: Path, model: Path) -> None:
    evaluation = na.evaluate(annotated / "images" / "a.tif", annotated / "labels" / "a.tif", str(model))
    assert [one.name for one in evaluation.images] == ["a"]
    assert evaluation.images[0].annotated == 2


def test_images_and_labels_may_lie_in_one_folder(annotated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (annotated / "labels" / f"{name}.tif").rename(annotated / "images" / f"{name}_masks.tif")
    folder = annotated / "images"
    assert run(folder, folder, "--predicted", annotated / "predicted") == 0
    assert "2 images" in capsys.readouterr().out


def test_images_without_labels_are_left_out_and_named(annotated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (annotated / "labels" / "a.tif").unlink()
    assert run(annotated / "images", annotated / "labels", "--predicted", annotated / "predicted") == 0
    said = capsys.readouterr()
    assert "without masks, left out: a.tif" in said.err
    assert "1 image, 2 objects annotated, 2 found" in said.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("images", "labels"), "either --model or --predicted"),
        (("images", "nowhere", "--predicted", "predicted"), "does not exist"),
        (("images", "empty", "--predicted", "predicted"), "No masks in"),
        (("images", "labels/a.tif", "--predicted", "predicted"), "give the folder"),
        (("images", "labels", "--model", "fresh"), "fresh network"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    annotated: Path, arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (annotated / "empty").mkdir()
    paths = [annotated / one if (annotated / one).exists() or one == "nowhere" else one for one in arguments]
    assert run(*paths) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_an_annotation_of_another_size_is_said(annotated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile.imwrite(annotated / "labels" / "a.tif", np.ones((8, 8), np.uint8))
    assert run(annotated / "images", annotated / "labels", "--predicted", annotated / "predicted") == 2
    assert "they must be of one size" in " ".join(capsys.readouterr().err.split())
