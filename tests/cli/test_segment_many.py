"""Channels, what files do not say, and batches: ``apprentice segment`` on more than one plain image."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from napari_apprentice import cli, read_image
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build


@pytest.fixture
def two_inputs(tmp_path: Path) -> Path:
    """A model that looks at cytoplasm and nucleus, and tells them apart."""
    torch.manual_seed(0)
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=4, norm="none")
    header = ModelHeader(id="two", name="two", net=net, image_channels=2, channels=("cytoplasm", "nucleus"))
    checkpoint.save(tmp_path / "two.safetensors", header, build(net))
    return tmp_path / "two.safetensors"


@pytest.fixture
def four(images: Path, tmp_path: Path) -> Path:
    """Four channels with names, each another picture."""
    one, two = tifffile.imread(images / "one.tif"), tifffile.imread(images / "two.tif")
    pixels = np.stack([one, two, one[::-1], two[::-1]])
    names = {"Name": ["dapi", "actin", "er", "rna"]}
    tifffile.imwrite(tmp_path / "four.ome.tif", pixels, metadata={"axes": "CYX", "Channel": names})
    return tmp_path / "four.ome.tif"


def segmented(source: Path, model: Path, out: Path, *more: str) -> int:
    return cli.run(["segment", str(source), "--model", str(model), "--out", str(out), *more])


def test_channels_are_mapped_to_the_inputs_by_name_or_number(four: Path, two_inputs: Path, tmp_path: Path) -> None:
    assert segmented(four, two_inputs, tmp_path / "names", "--channels", "er", "dapi") == 0
    assert segmented(four, two_inputs, tmp_path / "numbers", "--channel", "2", "--channel", "0") == 0
    pixels = tifffile.imread(four)[[2, 0]]
    tifffile.imwrite(tmp_path / "four.tif", pixels, metadata={"axes": "CYX"})
    assert segmented(tmp_path / "four.tif", two_inputs, tmp_path / "just-two") == 0
    wanted = tifffile.imread(tmp_path / "just-two" / "four.tif")
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "names" / "four.tif"), wanted)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "numbers" / "four.tif"), wanted)


def test_channels_are_mapped_block_by_block_too(four: Path, two_inputs: Path, tmp_path: Path) -> None:
    more = ["--channels", "er", "dapi", "--no-blend", "--engine", "torch"]
    assert segmented(four, two_inputs, tmp_path / "whole", *more) == 0
    assert segmented(four, two_inputs, tmp_path / "blocks", *more, "--blocks", "--format", "zarr") == 0
    whole = np.asarray(read_image(tmp_path / "whole" / "four.tif").pixels)
    blocks = np.asarray(read_image(tmp_path / "blocks" / "four.zarr").pixels)
    assert ((whole > 0).ravel() == (blocks > 0).ravel()).mean() > 0.998
    assert segmented(four, two_inputs, tmp_path / "turned", "--channels", "dapi", "er", "--no-blend") == 0
    turned = np.asarray(read_image(tmp_path / "turned" / "four.tif").pixels)
    assert ((turned > 0).ravel() == (blocks > 0).ravel()).mean() < 0.99


def test_a_model_that_does_not_fit_says_which_channels_to_choose(
    four: Path, two_inputs: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert segmented(four, two_inputs, tmp_path / "out") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "takes 2 channels (cytoplasm, nucleus) and four has 4 channels (dapi, actin, er, rna)" in said
    assert "choose 2 channels in the order of the model" in said
    assert segmented(four, model, tmp_path / "out") == 2
    assert "choose which channel to use" in capsys.readouterr().err
    assert segmented(four, two_inputs, tmp_path / "out", "--channels", "golgi", "er") == 2
    assert "golgi was asked for" in capsys.readouterr().err


def test_what_a_file_does_not_say_is_said_once_and_can_be_given(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "stacks"
    folder.mkdir()
    for name in ("a", "b"):
        tifffile.imwrite(folder / f"{name}.tif", np.stack([tifffile.imread(images / "one.tif")] * 6))
    assert segmented(folder, model, tmp_path / "guessed") == 0
    said = capsys.readouterr().err
    assert said.count("does not name its axes, read as z, y, x; --axes says otherwise") == 1
    assert said.count("does not say its pixel size") == 1
    given = ["--axes", "TYX", "--spacing", "1", "0.2", "0.2", "--unit", "um"]
    assert segmented(folder, model, tmp_path / "given", *given) == 0
    assert "does not" not in capsys.readouterr().err
    labels = read_image(tmp_path / "given" / "a.tif")
    assert labels.labels_shape == (6, 1, 96, 96)
    assert (labels.spacing[1:], labels.unit) == ((0.2, 0.2), "um")


def test_info_says_what_the_file_leaves_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.arange(7 * 8 * 9, dtype=np.uint16).reshape(7, 8, 9))
    assert cli.run(["info", str(tmp_path / "a.tif")]) == 0
    assert "the file does not name its axes, read as z, y, x" in capsys.readouterr().out


def test_a_report_tells_of_each_file_also_of_the_bad_ones(images: Path, model: Path, tmp_path: Path) -> None:
    (images / "broken.tif").write_bytes(b"II*\0nothing here")
    out, report = tmp_path / "labels", tmp_path / "labels" / "report.csv"
    assert segmented(images, model, out, "--report", str(report)) == 2
    assert segmented(images / "one.tif", model, out, "--report", str(tmp_path / "r.csv"), "--skip-done") == 0
    with report.open(newline="") as file:
        rows = {Path(row["file"]).name: row for row in csv.DictReader(file)}
    assert [rows[name]["state"] for name in ("broken.tif", "one.tif", "two.tif")] == ["failed", "done", "done"]
    assert "broken.tif" in rows["broken.tif"]["problem"]
    assert rows["one.tif"]["objects"].isdigit()
    assert rows["one.tif"]["labels"] == str(out / "one.tif")
    assert "done before" in (tmp_path / "r.csv").read_text()


def test_a_program_is_told_everything_as_lines(images: Path, model: Path, tmp_path: Path) -> None:
    (images / "broken.tif").write_bytes(b"II*\0nothing here")
    told = child([str(images), "--model", str(model), "--out", str(tmp_path / "labels")])
    kinds = [(one["type"], one.get("state")) for one in told if one["type"] != "step"]
    assert kinds[:2] == [("began", None), ("outcome", "failed")]
    assert kinds.count(("outcome", "done")) == 2
    assert told[0]["total"] == 3
    assert child([str(tmp_path / "none.tif"), "--model", str(model), "--out", str(tmp_path)])[-1]["type"] == "stopped"


def test_a_batch_ends_with_the_program_that_runs_it(images: Path, model: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(40):
        shutil.copy(images / "one.tif", many / f"{number}.tif")
    told = child([str(many), "--model", str(model), "--out", str(tmp_path)], stays=False)
    assert len([one for one in told if one.get("state") == "done"]) < 40


def child(arguments: list[str], *, stays: bool = True) -> list[dict]:
    command = [sys.executable, "-m", "napari_apprentice.cli", "segment", *arguments, "--events"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        if not stays:
            process.stdin.close()
        lines = process.stdout.read().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are bytes on Linux only")
@pytest.mark.parametrize("blocks", ["--blocks", "--no-blocks"])
def test_a_name_that_is_no_text_stops_nothing(blocks: str, images: Path, model: Path, tmp_path: Path) -> None:
    os.rename(images / "one.tif", os.fsencode(images) + b"/Z\xe4hl.tif")
    assert segmented(images, model, tmp_path / "o", "--report", str(tmp_path / "r.csv"), blocks) == 0
    assert sorted(os.listdir(os.fsencode(tmp_path / "o"))) == [b"Z\xe4hl.tif", b"two.tif"]
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(Path(row["file"]).name, row["state"]) for row in rows] == [(r"Z\udce4hl.tif", "done"), ("two.tif", "done")]
