from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from apprentice_lab import classical
from apprentice_lab.bench import membranes
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClassName


def stack() -> tuple[np.ndarray, np.ndarray]:
    """A dark line, 2 pixels wide, in each of 3 bright sections of 64 x 64."""
    truth = np.zeros((3, 64, 64), np.uint8)
    truth[:, :, 30:32] = 1
    noise = np.random.default_rng(0).normal(0, 4, truth.shape)
    return (150 - 80 * truth + noise).astype(np.uint8), truth


def test_a_ridge_filter_finds_dark_lines() -> None:
    pixels, truth = stack()
    found = classical.dark_lines(Volume(pixels[None, None]))
    row = membranes.judge([truth[None]], [found], 2.0)
    assert row["recall"] == 1.0
    assert row["F1"] > 0.8
    assert not classical.dark_lines(Volume(np.ones((1, 1, 1, 20, 20)))).any()


def test_sections_are_pooled_by_their_pixels() -> None:
    truth = np.zeros((2, 20, 40), np.uint8)
    truth[0, 10, 5:35] = truth[1, 10, 5:15] = 1
    found = truth.copy()
    found[1] = 0
    row = membranes.judge([truth], [found], 2.0)
    assert row["sections"] == [1.0, 0.0]
    assert (row["precision"], row["recall"]) == (1.0, 0.75)
    assert row["Dice"] == pytest.approx(60 / 70)


def test_a_model_file_is_judged_on_a_folder(tmp_path: Path) -> None:
    pixels, truth = stack()
    for part, array in (("images", pixels), ("membranes", truth)):
        (tmp_path / "em" / part).mkdir(parents=True)
        tifffile.imwrite(tmp_path / "em" / part / "a.tif", array, metadata={"axes": "ZYX"})
    net = build(NetSettings(in_channels=2, out_channels=1, widths=(4, 8), pools=((1, 2, 2),)))
    header = ModelHeader(
        id="m", name="m", kind="classes", classes=(ClassName(value=1, name="membrane"),), net=net.settings
    )
    checkpoint.save(tmp_path / "m.safetensors", header, net)
    settings = membranes.MembranesSettings(data=tmp_path / "em", model=str(tmp_path / "m.safetensors"))
    said = list(membranes.run(tmp_path / "out", settings))
    assert said[1].startswith("ridge filter F1")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert len(results["scores"]["model"]["sections"]) == 3
    own = {"image_dir": tmp_path / "em" / "images", "label_dir": tmp_path / "em" / "membranes"}
    list(membranes.run(tmp_path / "own", settings.model_copy(update={"data": tmp_path, **own})))
    assert json.loads((tmp_path / "own" / "results.json").read_text())["scores"] == results["scores"]
    with pytest.raises(UserError, match="finds objects"):
        list(membranes.run(tmp_path / "out", settings.model_copy(update={"model": "nuclei-2d"})))
