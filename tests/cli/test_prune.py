from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.architecture import preset
from napari_apprentice.cli.app import run
from napari_apprentice.data.files import read_labels
from napari_apprentice.data.models import ModelHeader, read_header
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    path = tmp_path / "nested.safetensors"
    net = preset("unet++", in_channels=2, width=4)
    checkpoint.save(path, ModelHeader(id="nested", name="nested", net=net), build(net))
    return path


def test_a_cut_model_segments_images(nested: Path, images: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.safetensors"
    assert run(["prune", str(nested), "--levels", "2", "--out", str(small)]) == 0
    header = read_header(small)
    assert (header.net.depth, header.parent, header.net.multiple) == (2, "nested", (1, 4, 4))
    assert small.stat().st_size < nested.stat().st_size / 8
    assert run(["segment", str(images / "one.tif"), "--model", str(small), "--out", str(tmp_path / "out")]) == 0
    (found,) = (tmp_path / "out").glob("*.tif")
    assert np.asarray(read_labels(found)).shape == (1, 1, 96, 96)


def test_what_cannot_be_cut_is_said(
    model: Path, nested: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "small.safetensors")
    assert run(["prune", str(model), "--levels", "1", "--out", out]) == 2
    assert "only unet++ can be cut" in capsys.readouterr().err
    assert run(["prune", str(nested), "--levels", "7", "--out", out]) == 2
    assert "choose 1 to 4" in capsys.readouterr().err
    assert not Path(out).exists()
