"""A small network, untrained, and images it can work on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build
from napari_apprentice.settings import NormalizeSettings


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "home"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model file for one channel."""
    net = NetSettings(
        widths=(4, 8), pools=((1, 2, 2),), in_channels=NormalizeSettings().inputs_per_channel, norm="none"
    )
    path = tmp_path / "tiny.safetensors"
    header = ModelHeader(id="tiny", name="tiny", net=net, trained_on=("nothing",), licence="CC0-1.0")
    checkpoint.save(path, header, build(net))
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with two images."""
    folder = tmp_path / "images"
    folder.mkdir()
    for seed, name in enumerate(("one", "two")):
        tifffile.imwrite(folder / f"{name}.tif", spots(seed))
    return folder


def spots(seed: int) -> np.ndarray:
    """Bright discs on a dim ground, (96, 96)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    picture = random.normal(20, 2, (96, 96))
    for cy, cx in ((20, 24), (24, 66), (60, 30), (66, 72)):
        picture[(y - cy) ** 2 + (x - cx) ** 2 < 100] += 100
    return picture.clip(0, 255).astype(np.uint8)
