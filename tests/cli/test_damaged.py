"""Whatever is damaged is one sentence on stderr, also where it is found while pixels are read; --verbose tells all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_apprentice import cli
from napari_apprentice.data.files import read_image
from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session

CHUNK = "c/1/1"
SENTENCE = "damaged or not an image"


@pytest.fixture
def chunked(tmp_path: Path) -> Path:
    """An image (96, 96) of four chunks that can be read."""
    path = tmp_path / "chunks.zarr"
    array = zarr.create_array(path, shape=(96, 96), chunks=(48, 48), dtype="u2", dimension_names=("y", "x"))
    array[:] = np.random.default_rng(0).integers(0, 900, (96, 96))
    return path


def damage(path: Path) -> Path:
    (path / CHUNK).write_bytes(bytes(100))
    return path


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on stderr of a command line that ends with code 2."""
    capsys.readouterr()
    code = cli.run(arguments)
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2
    return line


@pytest.mark.parametrize("blocks", ["--blocks", "--no-blocks"])
def test_a_chunk_that_cannot_be_read_is_one_sentence_of_segment(
    blocks: str, chunked: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    line = said(["segment", str(damage(chunked)), "--model", str(model), "--out", str(out), blocks], capsys)
    assert line.startswith(f"{chunked} is {SENTENCE}")
    assert not [path for path in out.iterdir() if not path.name.startswith(".")]


def test_a_batch_leaves_it_out(
    chunked: Path, images: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = [str(damage(chunked)), str(images / "one.tif")]
    assert cli.run(["segment", *inputs, "--model", str(model), "--out", str(tmp_path / "out")]) == 2
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert [line for line in err.splitlines() if SENTENCE in line] == [err.splitlines()[0]]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one.tif"]


def test_it_is_one_sentence_of_evaluate(
    chunked: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tifffile.imwrite(tmp_path / "labels.tif", np.ones((96, 96), np.uint8))
    line = said(["evaluate", str(damage(chunked)), str(tmp_path / "labels.tif"), "--model", str(model)], capsys)
    assert line.startswith(f"{chunked} is {SENTENCE}")


def test_it_is_one_sentence_of_teach(
    chunked: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = np.zeros((1, 1, 96, 96), np.uint32)
    labels[0, 0, 10:30, 10:30] = 1
    with Session.create(tmp_path / "project", InlineRunners()) as session:
        session.choose_model(str(model))
        session.add_image(read_image(chunked))
        session.edits.replace_labels(labels)
        session.edits.approve_region([slice(0, n) for n in labels.shape])
    damage(chunked)
    line = said(["teach", str(tmp_path / "project"), "--max-seconds", "1"], capsys)
    assert line.startswith(f"{chunked} is {SENTENCE}")


def test_an_export_that_measures_pixels_says_it(chunked: Path, tmp_path: Path) -> None:
    with Session.temporary(InlineRunners()) as session:
        session.add_image(read_image(chunked))
        session.edits.replace_labels(np.ones((1, 1, 96, 96), np.uint32))
        damage(chunked)
        with pytest.raises(Exception, match=SENTENCE) as caught:
            session.export_labels(tmp_path / "table.csv")
    assert type(caught.value).__name__ == "UserError"
    assert not (tmp_path / "table.csv").exists()


@pytest.fixture
def bad_tiff(tmp_path: Path) -> Path:
    """A TIFF of which nothing but the first bytes is left, about which tifffile has much to say."""
    path = tmp_path / "stack.ome.tif"
    tifffile.imwrite(path, np.arange(5 * 64 * 64, dtype=np.uint16).reshape(5, 64, 64), metadata={"axes": "ZYX"})
    content = bytearray(path.read_bytes())
    content[10:200] = np.random.default_rng(0).integers(0, 256, 190, dtype=np.uint8).tobytes()
    path.write_bytes(content)
    return path


def in_a_terminal(*arguments: str | Path) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "napari_apprentice.cli", *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, check=False, timeout=100, env=os.environ)
    return run.returncode, run.stderr.decode().splitlines()


def test_what_libraries_say_is_heard_with_verbose_only(bad_tiff: Path) -> None:
    code, lines = in_a_terminal("info", bad_tiff)
    assert (code, len(lines)) == (2, 1), lines
    loud_code, loud = in_a_terminal("info", bad_tiff, "--verbose")
    assert loud_code == 2
    assert len(loud) > 5
    assert loud[-1] == lines[0]
    assert any("tifffile" in line for line in loud[:-1])


def test_help_tells_of_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    assert "--verbose" in capsys.readouterr().out
