"""``apprentice try``: models on the middle of an image, the likely best first."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import pytest

from napari_apprentice import cli


def test_a_model_is_tried_and_drawn(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tried" / "one.png"
    assert cli.run(["try", str(images / "one.tif"), "--models", str(model), "--out", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "96 x 96 pixels:"
    assert lines[1].startswith(str(model))
    assert "to be right" in lines[1]
    assert iio.imread(out).shape == (512, 512, 3)


def test_a_wrong_place_or_picture_is_said(
    images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin = ["try", str(images / "one.tif"), "--models", str(model)]
    assert cli.run([*begin, "--at", "5", "500"]) == 2
    assert capsys.readouterr().err.strip() == "--at 5 500 lies outside the image: it is 96 x 96 pixels."
    assert cli.run([*begin, "--at", "5", "5", "5"]) == 2
    assert "--at takes y x for this image" in capsys.readouterr().err
    assert cli.run([*begin, "--out", str(tmp_path / "one.tif")]) == 2
    assert "should end with .png" in capsys.readouterr().err
