"""What lies beside images is none, and a blank image is one without objects."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice import cli

APPLE_DOUBLE = bytes([0, 5, 22, 7, 0, 2, 0, 0]) + b"Mac OS X        " + bytes(4000)


@pytest.fixture
def from_a_mac(images: Path) -> Path:
    """The two images, with what systems and programs put beside them."""
    for name in ("._one.tif", "._two.tif", ".hidden.tif", "~$two.tif"):
        (images / name).write_bytes(APPLE_DOUBLE)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (images / name).write_bytes(b"\0\0\0\1Bud1" + bytes(100))
    (images / "._plate.ome.zarr").write_bytes(APPLE_DOUBLE)
    return images


def segmented(source: Path, model: Path, out: Path, *more: str) -> int:
    return cli.run(["segment", str(source), "--model", str(model), "--out", str(out), *more])


def rows_of(report: Path) -> list[dict[str, str]]:
    with report.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("pattern", ["", "*.tif", "*", "../imag*"])
def test_companions_of_files_are_no_images(pattern: str, from_a_mac: Path, model: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out", tmp_path / "r.csv"
    assert segmented(from_a_mac / pattern, model, out, "--report", str(report)) == 0
    assert sorted(path.name for path in out.iterdir()) == ["one.tif", "two.tif"]
    assert [row["state"] for row in rows_of(report)] == ["done", "done"]


def test_companions_that_are_named_with_images_are_left_out(from_a_mac: Path, model: Path, tmp_path: Path) -> None:
    named = [str(from_a_mac / name) for name in ("._one.tif", "one.tif")]
    assert cli.run(["segment", *named, "--model", str(model), "--out", str(tmp_path / "out")]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one.tif"]


@pytest.mark.parametrize("command", ["info", "segment"])
def test_a_companion_alone_is_said_to_be_no_image(
    command: str, from_a_mac: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--model", str(model), "--out", str(tmp_path / "out")] if command == "segment" else []
    assert cli.run([command, str(from_a_mac / "._one.tif"), *more]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("._one.tif is kept beside one.tif and is no image: choose one.tif.")


def test_companions_are_no_labels(from_a_mac: Path, model: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    for name in ("one", "two"):
        tifffile.imwrite(labels / f"{name}.tif", np.ones((96, 96), np.uint8))
        (labels / f"._{name}.tif").write_bytes(APPLE_DOUBLE)
    out = tmp_path / "scores"
    assert cli.run(["evaluate", str(from_a_mac), str(labels), "--model", str(model), "--out", str(out)]) == 0
    with (out / "scores.csv").open(newline="", encoding="utf-8") as file:
        assert {row["image"] for row in csv.DictReader(file)} >= {"one", "two"}


@pytest.mark.parametrize("blocks", ["--blocks", "--no-blocks"])
def test_a_blank_image_has_no_objects(
    blocks: str, images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tifffile.imwrite(images / "blank.tif", np.full((96, 96), 7, np.uint16))
    report, out = tmp_path / "r.csv", tmp_path / "out"
    assert segmented(images, model, out, "--report", str(report), "--format", "tif", "csv", blocks) == 0
    blank, *others = rows_of(report)
    assert (blank["state"], blank["objects"]) == ("done", "0")
    assert blank["problem"] == f"Every pixel of {images / 'blank.tif'} is 7: the image is blank, and has no objects."
    assert [(row["state"], row["problem"]) for row in others] == [("done", "")] * 2
    labels = tifffile.imread(out / "blank.tif")
    assert (labels.shape, int(labels.max())) == ((96, 96), 0)
    assert (out / "blank.csv").read_text(encoding="utf-8").count("\n") == 1  # names of columns alone
    assert "the image is blank" in capsys.readouterr().err


def test_one_pixel_that_differs_is_not_blank(images: Path, model: Path, tmp_path: Path) -> None:
    pixels = np.full((96, 96), 7, np.uint16)
    pixels[95, 95] = 9
    tifffile.imwrite(images / "hot.tif", pixels)
    assert segmented(images / "hot.tif", model, tmp_path / "out", "--report", str(tmp_path / "r.csv")) == 0
    (row,) = rows_of(tmp_path / "r.csv")
    assert (row["state"], row["problem"]) == ("done", "")


def test_formats_that_need_an_object_are_left_out_for_a_blank_image(images: Path, model: Path, tmp_path: Path) -> None:
    tifffile.imwrite(images / "blank.tif", np.zeros((96, 96), np.uint8))
    report = tmp_path / "r.csv"
    assert (
        segmented(images / "blank.tif", model, tmp_path / "o", "--report", str(report), "--format", "zip", "tif") == 0
    )
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["blank.tif"]
    assert rows_of(report)[0]["labels"] == str(tmp_path / "o" / "blank.tif")


def test_a_blank_image_among_annotated_ones_is_scored(images: Path, model: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    tifffile.imwrite(images / "blank.tif", np.zeros((96, 96), np.uint8))
    for name in ("one", "two", "blank"):
        tifffile.imwrite(labels / f"{name}.tif", np.zeros((96, 96), np.uint8))
    out = tmp_path / "scores"
    assert cli.run(["evaluate", str(images), str(labels), "--model", str(model), "--out", str(out)]) == 0
    with (out / "scores.csv").open(newline="", encoding="utf-8") as file:
        assert {row["image"] for row in csv.DictReader(file)} >= {"one", "two", "blank"}
