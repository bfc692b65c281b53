"""``apprentice info --net``: the tables of the papers' figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from napari_apprentice import cli
from napari_apprentice.architecture import PRESETS


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> dict:
    assert cli.run(["info", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_figure_of_2015(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(["--net", "unet-2015"], capsys)
    assert (found["input"], found["output"]) == ([1, 572, 572], [1, 388, 388])
    assert found["parameters"] == 31_030_658
    levels = [part["size"][1] for part in found["parts"] if part["name"].startswith("encoder")]
    assert levels == [568, 280, 136, 64]
    assert sum(part["parameters"] for part in found["parts"]) == found["parameters"]
    # 3 x 3 x 64 multiplications and additions for each of 570 x 570 pixels, and 3 x 3 x 64 x 64 for 568 x 568
    assert found["parts"][0]["gflop"] == pytest.approx(2 * 9 * (64 * 570**2 + 64 * 64 * 568**2) / 1e9)


def test_the_figure_of_2016(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(["--net", "unet3d", "--channels", "3", "--classes", "3"], capsys)
    assert (found["input"], found["output"]) == ([116, 132, 132], [28, 44, 44])


@pytest.mark.parametrize("name", PRESETS)
def test_every_network_has_a_table_of_equal_lines(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["info", "--net", name, "--width", "8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rules = [i for i, line in enumerate(lines) if line.startswith("---")]
    assert len(rules) == 2
    assert len({len(line) for line in lines[rules[0] - 1 : rules[1] + 2]}) == 1


def test_width_spacing_and_size_are_honoured(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--net", "unet", "--dims", "3", "--width", "4", "--spacing", "4", "1", "1", "--size", "8", "32", "32"]
    found = told(arguments, capsys)
    assert found["input"] == [8, 32, 32]
    assert found["multiple"] == [2, 8, 8]  # z is pooled once the plane is as coarse as the slices are apart
    assert found["widths"][0] == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--net", "vnet"], "There is no network vnet: choose one of unet, unet-2015"),
        (["--net", "unet", "--size", "100", "100"], "use multiples of 16 x 16"),
        (["--net", "unet", "--size", "8", "64", "64"], "give y x"),
        (["--net", "unet3d", "--dims", "2"], "is for volumes"),
        ([], "--net"),
    ],
)
def test_mistakes_are_said(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["info", *arguments]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_a_model_shows_the_table_of_its_network(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told([str(model), "--size", "64", "64"], capsys)
    assert found["network"]["input"] == [1, 64, 64]
    assert cli.run(["info", str(model)]) == 0
    assert "patch sizes: multiples of 2 x 2" in capsys.readouterr().out


def test_torch_is_not_imported() -> None:
    script = (
        "import sys; from napari_apprentice import cli\n"
        "assert cli.run(['info', '--net', 'unet']) == 0\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
