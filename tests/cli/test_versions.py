"""Teach on the command line: a version that could not be judged waits, is compared, used or put away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice import Session
from napari_apprentice.cli.app import run
from napari_apprentice.data.image.volume import Volume


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two of nine cells are confirmed."""
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path))
    labels = np.zeros((1, 1, 96, 96), np.uint32)
    for number in range(9):
        y, x = 8 + 32 * (number // 3), 8 + 32 * (number % 3)
        labels[0, 0, y : y + 16, x : x + 16] = number + 1
    pixels = np.where(labels > 0, 900, 100) + np.random.default_rng(0).normal(0, 20, labels.shape)
    tifffile.imwrite(tmp_path / "cells.tif", pixels[0, 0].astype(np.uint16))
    with Session.create(tmp_path / "project") as session:
        session.add_image(Volume(pixels[:, None].astype(np.uint16), name="cells"))
        session.choose_model("nuclei-2d")
        for number in (1, 9):
            session.paint(np.flatnonzero(labels == number), number)
    return tmp_path / "project"


def test_what_waits_is_said_compared_and_used(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run(["info", str(project)]) == 0
    assert "confirmed: 2 objects confirmed; confirm about " in capsys.readouterr().out
    assert run(["compare", str(project)]) == 2
    assert "No new version waits" in capsys.readouterr().err
    assert run(["teach", str(project), "--max-steps", "2", "--batch-size", "2", "--threads", "1"]) == 0
    said = capsys.readouterr()
    assert f"{project}: nuclei-2d" in said.out
    assert "v1 waits: " in said.out
    assert "Version 1 waits, and nuclei-2d stays in use." in said.err
    assert run(["compare", str(project), "--out", str(tmp_path / "after.tif")]) == 0
    assert "cells, v1: " in capsys.readouterr().out
    assert tifffile.imread(tmp_path / "after.tif").shape == (96, 96)
    assert run(["use", str(project), "--keep-old"]) == 0
    assert run(["use", str(project)]) == 2
    assert run(["use", str(project), "v1"]) == 0
    assert "version 1 (not judged)" in capsys.readouterr().out
