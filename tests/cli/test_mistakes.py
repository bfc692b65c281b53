"""Whatever is wrong on the command line ends with code 2 and one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice import cli
from napari_apprentice.cli import info


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "cells.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
    return path


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr of a command line that ends with code 2."""
    code = cli.run(arguments)
    err = capsys.readouterr().err
    assert code == 2
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1, err
    return err.strip()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "Unknown command"),
        (["segment", "cells.tif", "--model", "nuclei-2d"], "--out"),
        (["segment", "--model", "nuclei-2d", "--out", "labels"], "INPUTS"),
        (["segment", "cells.tif", "--out", "labels"], "--model"),
        (["segment", "cells.tif", "--model", "m", "--out", "o", "--tiel", "64"], "--tiel"),
        (["segment", "cells.tif", "--model", "m", "--out", "o", "--tile", "3"], "--tile should be greater"),
        (["segment", "cells.tif", "--model", "m", "--out", "o", "--tile", "big"], "--tile should be a valid integer"),
        (["segment", "cells.tif", "--model", "m", "--out", "o", "--device", "tpu"], "'cpu'"),
        (["teach", "project", "--batch-size", "0"], "--batch-size should be greater"),
        (["teach", "project", "another"], "another"),
        (["bench", "nonsense", "--out", "o"], "Unknown command"),
        (["bench", "speed"], "--out"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in said(arguments, capsys)


def test_a_setting_out_of_its_limits_says_what_came_and_where_help_is(capsys: pytest.CaptureFixture[str]) -> None:
    line = said(["segment", "cells.tif", "--model", "m", "--out", "o", "--tile", "3"], capsys)
    assert line == "--tile should be greater than or equal to 32, not '3': see apprentice segment --help."


def test_a_missing_image_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = said(["segment", str(tmp_path / "none.tif"), "--model", "m", "--out", str(tmp_path)], capsys)
    assert "none.tif does not exist" in line


def test_a_folder_without_images_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no image in" in said(["segment", str(tmp_path), "--model", "m", "--out", str(tmp_path / "o")], capsys)


def test_an_unknown_model_is_named(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = said(["segment", str(image), "--model", "nothing", "--out", str(tmp_path / "o")], capsys)
    assert "no model nothing" in line


def test_labels_never_overwrite_the_image(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = image.read_bytes()
    assert "overwrite" in said(["segment", str(image), "--model", "fresh", "--out", str(image.parent)], capsys)
    assert image.read_bytes() == before


def test_two_images_of_one_name_are_refused(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other" / "cells.tif"
    other.parent.mkdir()
    other.write_bytes(image.read_bytes())
    arguments = ["segment", str(image), str(other), "--model", "fresh", "--out", str(tmp_path / "o")]
    assert "would both become" in said(arguments, capsys)


def test_a_damaged_image_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.tif"
    path.write_bytes(b"II*\0nothing here")
    assert "broken.tif" in said(["info", str(path)], capsys)


def test_a_foreign_model_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"nothing here")
    assert "broken.safetensors is not a model file" in said(["info", str(path)], capsys)


def test_a_folder_that_is_no_project_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not an apprentice project" in said(["teach", str(tmp_path)], capsys)


def test_a_bug_stays_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(info, "describe", broken)
    with pytest.raises(ZeroDivisionError):
        cli.run(["info", str(tmp_path)])


def test_help_is_not_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["segment", "--help"]) == 0
    assert "--tile INT" in capsys.readouterr().out
