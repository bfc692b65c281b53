"""Several formats at once: one that cannot be written does not take the others; what a file lacks is said."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.cli.conftest import spots

from napari_apprentice import cli, read_image


def _segment(source: Path, model: Path, out: Path, *more: str) -> int:
    return cli.run(["segment", str(source), "--model", str(model), "--out", str(out), *more])


def test_a_format_that_cannot_be_written_does_not_take_the_others(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert _segment(images / "one.tif", model, out, "--format", "dcm", "tif", "zarr") == 2
    assert sorted(path.name for path in out.iterdir()) == ["one.tif", "one.zarr"]
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.rstrip().endswith("Written: one.tif, one.zarr.")
    assert "A DICOM segmentation refers to" in said


@pytest.mark.parametrize("way", ["--no-blocks", "--blocks"])
def test_a_file_that_is_in_the_way_of_one_format_leaves_the_others_alone(
    images: Path, model: Path, tmp_path: Path, way: str
) -> None:
    out = tmp_path / "out"
    (out / "one.csv").mkdir(parents=True)
    (out / "one.csv" / "mine.txt").touch()
    formats = ("--format", "csv", "tif")
    assert _segment(images / "one.tif", model, out, way, *formats) == 2
    first = read_image(out / "one.tif").pixels
    (out / "one.csv" / "mine.txt").unlink()
    (out / "one.csv").rmdir()
    assert _segment(images / "one.tif", model, out, way, *formats) == 0
    assert sorted(path.name for path in out.iterdir()) == ["one.csv", "one.csv.json", "one.tif"]
    np.testing.assert_array_equal(read_image(out / "one.tif").pixels, first)


@pytest.mark.parametrize("way", ["--no-blocks", "--blocks"])
def test_planes_that_are_not_there_are_said_on_the_command_line_and_in_the_report(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, np.stack([spots(z) for z in range(2)]), ome=True, metadata={"axes": "TYX"})
    path.write_bytes(path.read_bytes().replace(b'SizeT="2"', b'SizeT="3"'))
    sentence = "a.ome.tif announces 3 planes, of which 1 (t 2, counted from 0) is not there: it is black."
    assert cli.run(["info", str(path)]) == 0
    assert f"notes: {sentence}" in capsys.readouterr().out
    assert _segment(path, model, tmp_path / "out", way, "--report", str(tmp_path / "report.csv")) == 0
    assert sentence in capsys.readouterr().err
    with (tmp_path / "report.csv").open(encoding="utf-8") as file:
        (line,) = csv.DictReader(file)
    assert (line["state"], line["problem"]) == ("done", sentence)


def test_images_of_a_batch_have_numbers_of_their_own_that_stay(images: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    tifffile.imwrite(tmp_path / "blank.tif", np.zeros((64, 64), np.uint8))
    tifffile.imwrite(tmp_path / "t.tif", np.stack([spots(z) for z in range(2)]), imagej=True, metadata={"axes": "TYX"})
    sources = [str(path) for path in (images / "one.tif", tmp_path / "t.tif", tmp_path / "blank.tif")]

    def numbers() -> dict[str, list[int]]:
        told = {}
        for path in sorted(out.glob("*_image.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                told[path.name.split(".")[0]] = [int(row["ImageNumber"]) for row in csv.DictReader(file)]
        return told

    rest = ["--model", str(model), "--out", str(out), "--format", "cellprofiler.csv"]
    assert cli.run(["segment", *sources, *rest]) == 0
    assert numbers() == {"one": [1], "t": [2, 3], "blank": [4]}
    (out / "t.cellprofiler.csv").unlink()
    assert cli.run(["segment", *sources[1:], *rest, "--skip-done"]) == 0
    assert numbers() == {"one": [1], "t": [2, 3], "blank": [4]}
    with (out / "t.cellprofiler.csv").open(encoding="utf-8", newline="") as file:
        assert {row["ImageNumber"] for row in csv.DictReader(file)} == {"2", "3"}
