"""Live on the command line: what a project's corrections say, as a version that segments other files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

from napari_apprentice import Session
from napari_apprentice.cli.app import run
from napari_apprentice.data.image.volume import Volume


def halves(seed: int) -> np.ndarray:
    """Noise, brighter on the right."""
    pixels = np.random.default_rng(seed).normal(300, 20, (60, 80))
    pixels[:, 40:] += 200
    return pixels.astype(np.uint16)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing is confirmed yet."""
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path))
    tifffile.imwrite(tmp_path / "other.tif", halves(1))
    with Session.create(tmp_path / "project") as session:
        session.choose_kind("classes")
        session.add_image(Volume(halves(0)[None, None, None], name="halves"))
    return tmp_path / "project"


def test_what_is_confirmed_becomes_a_version_that_other_files_are_segmented_with(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run(["live", str(project)]) == 2
    assert "nothing to learn from in halves" in capsys.readouterr().err
    with Session.open(project) as session:
        at = np.arange(4800).reshape(60, 80)
        session.paint(at[5:9, 60:70].ravel(), 1)
        session.paint_background(at[5:9, 10:20].ravel())
    assert run(["live", str(project), "--image", "another"]) == 2
    assert "no image another: choose one of halves" in capsys.readouterr().err
    assert run(["live", str(project)]) == 0
    assert "v1 waits: " in capsys.readouterr().out
    model = project / "versions" / "v1.safetensors"
    assert run(["segment", str(tmp_path / "other.tif"), "--model", str(model), "--out", str(tmp_path / "out")]) == 0
    found = tifffile.imread(next((tmp_path / "out").glob("*.tif")))
    assert ((found == 1) == (np.arange(80) >= 40)).mean() > 0.95
    where = ["--model", str(model), "--out", str(tmp_path / "blocks")]
    assert run(["segment", str(tmp_path / "other.tif"), *where, "--blocks", "--format", "zarr"]) == 0
    (written,) = (tmp_path / "blocks").glob("*.zarr")
    assert (np.squeeze(zarr.open_array(written / "0")[:]) == found).mean() > 0.999
    assert run(["use", str(project), "v1"]) == 0
    assert "version 1 (learned live)" in capsys.readouterr().out
    assert run(["info", str(model)]) == 0
    assert "live: form 1, values 0, 1, colours 1" in capsys.readouterr().out
