"""``apprentice segment`` and ``teach``: files written, and the same results as the window's runners."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import tifffile
import zarr

from napari_apprentice import Session, cli, read_image
from napari_apprentice.cli.segment import FormatName
from napari_apprentice.data import exports, samples
from napari_apprentice.engine import checkpoint
from napari_apprentice.session.catalog import bundled_files


def test_one_label_image_per_input_under_its_own_stem(images: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    assert cli.run(["segment", str(images), "--model", str(model), "--out", str(out)]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["one.tif", "two.tif"]
    labels = tifffile.imread(out / "one.tif")
    assert labels.shape == (96, 96)
    assert labels.dtype.kind in "uif"


def test_the_model_is_loaded_once_for_many_images(
    images: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    load = checkpoint.load
    monkeypatch.setattr(checkpoint, "load", lambda path: loads.append(path) or load(path))
    assert cli.run(["segment", str(images), "--model", str(model), "--out", str(tmp_path / "labels")]) == 0
    assert len(loads) <= 1


def test_a_damaged_image_does_not_stop_the_others(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (images / "broken.tif").write_bytes(b"II*\0nothing here")
    out = tmp_path / "labels"
    assert cli.run(["segment", str(images), "--model", str(model), "--out", str(out)]) == 2
    assert sorted(path.name for path in out.iterdir()) == ["one.tif", "two.tif"]
    assert "1 of 3 images were left out (broken.tif)" in capsys.readouterr().err


def test_command_line_and_window_propose_the_same(images: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    assert cli.run(["segment", str(images / "one.tif"), "--model", str(model), "--out", str(out)]) == 0
    with Session.temporary() as session:  # in processes of their own, as the window does
        entry = session.add_image(read_image(images / "one.tif"))
        session.choose_model(str(model))
        session.segment()
        session.run_until_idle()
        np.testing.assert_array_equal(tifffile.imread(out / "one.tif"), entry.labels[0, 0])


def test_small_objects_and_those_at_the_border_are_left_out_when_it_is_asked_for(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["segment", str(images / "one.tif"), "--model", "nuclei-2d", "--format", "csv"]
    assert cli.run([*given, "--out", str(tmp_path / "all")]) == 0
    rows = _rows(tmp_path / "all" / "one.csv")
    sizes = sorted(float(row["area_px"]) for row in rows)
    assert len(sizes) == 4
    least, kept = str(sizes[-1]), [size for size in sizes if size == sizes[-1]]
    assert cli.run([*given, "--out", str(tmp_path / "some"), "--min-size", least, "--touching-border"]) == 0
    assert f"some/one.csv: {len(kept)} object" in capsys.readouterr().out.replace("\\", "/")
    assert sorted(float(row["area_px"]) for row in _rows(tmp_path / "some" / "one.csv")) == kept
    assert cli.run([*given, "--out", str(tmp_path / "blocks"), "--min-size", least, "--blocks"]) == 2
    assert "objects are not filtered" in capsys.readouterr().err


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_command_copied_from_the_window_can_be_run(images: Path, model: Path, tmp_path: Path) -> None:
    with Session.temporary() as session:
        session.add_image(read_image(images / "one.tif"))
        session.choose_model(str(model))
        words = session.command_line("segment").split()
    assert words[0] == "apprentice"
    words[words.index("--out") + 1] = str(tmp_path / "labels")
    assert cli.run(words[1:]) == 0
    assert (tmp_path / "labels" / "one.tif").exists()


def test_teach_keeps_a_version_in_the_project(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "project"
    with Session.create(project) as session:
        entry = session.add_image(read_image(images / "one.tif"))
        session.choose_model(str(model))
        y, x = np.mgrid[:96, :96]
        for cy, cx in ((20, 24), (24, 66), (60, 30)):
            session.paint(np.flatnonzero((y - cy) ** 2 + (x - cx) ** 2 < 100), entry.next_id())
        session.paint_background(np.arange(96 * 6))
    options = ["--max-steps", "3", "--patch", "32", "--batch-size", "2", "--threads", "1"]
    assert cli.run(["teach", str(project), *options]) == 0
    capsys.readouterr()
    assert cli.run(["info", str(project), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [version["id"] for version in found["versions"]] == ["v1"]


def test_teach_says_what_is_missing(images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Session.create(tmp_path / "project") as session:
        session.add_image(read_image(images / "one.tif"))
    assert cli.run(["teach", str(tmp_path / "project")]) == 2
    assert "nothing to learn from yet" in capsys.readouterr().err


def test_labels_in_every_format_that_is_asked_for(images: Path, model: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    formats = ["--format", "tif", "nii.gz", "geojson", "csv"]
    assert cli.run(["segment", str(images / "one.tif"), "--model", str(model), "--out", str(out), *formats]) == 0
    assert sorted(file.name for file in out.iterdir()) == [
        "one.csv",
        "one.csv.json",
        "one.geojson",
        "one.nii.gz",
        "one.tif",
    ]


def test_patterns_and_images_inside_files(images: Path, model: Path, tmp_path: Path) -> None:
    pixels = tifffile.imread(images / "one.tif")
    tifffile.imwrite(tmp_path / "both.ome.tif", ome=True, data=pixels)
    with tifffile.TiffWriter(tmp_path / "both.ome.tif", ome=True) as file:
        file.write(pixels)
        file.write(pixels[::-1])
    out = tmp_path / "labels"
    inputs = [str(images / "o*.tif"), str(tmp_path / "both.ome.tif")]
    assert cli.run(["segment", *inputs, "--model", str(model), "--out", str(out)]) == 0
    assert sorted(file.name for file in out.iterdir()) == ["both_0.tif", "both_1.tif", "one.tif"]


def test_what_is_done_is_left_out(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "labels"
    out.mkdir()
    (out / "one.tif").write_text("done by hand")
    arguments = ["segment", str(images), "--model", str(model), "--out", str(out), "--skip-done"]
    assert cli.run(arguments) == 0
    assert (out / "one.tif").read_text() == "done by hand"
    assert tifffile.imread(out / "two.tif").shape == (96, 96)
    assert "done before" in capsys.readouterr().out


def test_an_image_of_the_plate_that_is_damaged_is_told_and_the_others_are_done(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = tifffile.imread(images / "one.tif")
    plate = zarr.open_group(tmp_path / "p.ome.zarr", mode="w", zarr_format=2)
    plate.attrs["plate"] = {"wells": [{"path": "A/1"}, {"path": "B/3"}]}
    for well in ("A/1", "B/3"):
        plate.require_group(well).attrs["well"] = {"images": [{"path": "0"}]}
    image = plate.require_group("A/1/0")
    image.create_array("0", data=pixels)
    image.attrs["multiscales"] = [{"axes": [{"name": "y"}, {"name": "x"}], "datasets": [{"path": "0"}]}]
    out = tmp_path / "labels"
    assert cli.run(["segment", str(tmp_path / "p.ome.zarr"), "--model", str(model), "--out", str(out)]) == 2
    assert [file.name for file in out.iterdir()] == ["p_A_1_0.tif"]
    assert "1 of 2 images were left out (p.ome.zarr/B/3/0)" in capsys.readouterr().err
    again = ["segment", str(tmp_path / "p.ome.zarr"), "--out", str(out), "--model", "nuclei-20d"]
    assert cli.run(again) == 2
    assert capsys.readouterr().err.count("There is no model") == 1  # a wrong model is said once, not for each field


def test_block_by_block_into_files_of_several_formats(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "labels"
    arguments = ["segment", str(images / "one.tif"), "--model", str(model), "--out", str(out), "--blocks"]
    assert cli.run([*arguments, "--format", "tif", "zip"]) == 2  # said before anything is computed
    assert "one.zip cannot be written part by part" in capsys.readouterr().err
    assert list(out.iterdir()) == []
    assert cli.run([*arguments, "--format", "zarr", "tif", "csv"]) == 0
    assert "object" in capsys.readouterr().out
    whole = tmp_path / "whole"
    assert cli.run(["segment", str(images / "one.tif"), "--model", str(model), "--out", str(whole)]) == 0
    zarr_labels, tiff_labels = read_image(out / "one.zarr"), read_image(out / "one.tif")
    assert tiff_labels.pixels.shape == read_image(whole / "one.tif").pixels.shape
    assert np.array_equal(np.asarray(tiff_labels.pixels), np.asarray(zarr_labels.pixels))
    assert (tiff_labels.spacing, tiff_labels.unit) == (zarr_labels.spacing, zarr_labels.unit)
    table = [line.split(",") for line in (out / "one.csv").read_text().splitlines()]
    areas = dict(zip(*np.unique(np.asarray(tiff_labels.pixels), return_counts=True), strict=True))
    assert {int(row[0]): int(row[1]) for row in table[1:]} == {label: n for label, n in areas.items() if label}
    intensities = [f"intensity_{what}_channel_0" for what in ("mean", "min", "max", "std")]
    assert table[0][-5:] == [*intensities, "touches_border"]
    assert sorted(file.name for file in out.iterdir()) == ["one.csv", "one.csv.json", "one.tif", "one.zarr"]


@pytest.mark.skipif("nuclei-2d" not in bundled_files(), reason="there is no bundled model yet")
@pytest.mark.parametrize("how", [[], ["--blocks", "--tile", "96"]])
def test_identical_frames_have_one_set_of_ids_when_they_are_linked(tmp_path: Path, how: list[str]) -> None:
    frame = np.asarray(samples.load("nuclei_2d")[0].pixels)[0, 0, 0, :160, :160]
    film = tmp_path / "film.tif"
    tifffile.imwrite(film, np.stack([frame] * 3), imagej=True, metadata={"axes": "TYX"})
    arguments = ["segment", str(film), "--model", "nuclei-2d", "--out", str(tmp_path), "--format", "zarr", *how]
    assert cli.run([*arguments, "--link"]) == 0
    linked = np.asarray(read_image(tmp_path / "film.zarr").pixels)[:, 0]
    assert linked[0].max() > 5
    np.testing.assert_array_equal(linked[1], linked[0])
    np.testing.assert_array_equal(linked[2], linked[0])
    shutil.rmtree(tmp_path / "film.zarr")
    assert cli.run(arguments) == 0
    apart = np.asarray(read_image(tmp_path / "film.zarr").pixels)[:, 0]
    assert not np.intersect1d(apart[0][apart[0] > 0], apart[1]).any()
    assert np.array_equal(apart[0], linked[0])


def test_every_format_that_is_written_can_be_asked_for() -> None:
    suffixes = {name if name.startswith("_") else f".{name}" for name in get_args(FormatName)}
    assert suffixes | {".tiff"} == set(exports.WRITERS)
