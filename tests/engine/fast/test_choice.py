from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage import scratch
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.device import Device, pick
from napari_apprentice.engine.fast import runtime
from napari_apprentice.engine.fast.choice import choose, examples
from napari_apprentice.engine.fast.engine_cache import EngineCache
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.inputs import NetworkInputs
from napari_apprentice.engine.nets import build
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.normalize import Scaling
from napari_apprentice.engine.plans import Engine
from napari_apprentice.errors import UserError
from napari_apprentice.events import Finished, Started
from napari_apprentice.jobs import ArrayRef, SegmentJob, VolumeRef
from napari_apprentice.settings import SegmentSettings

TINY = NetSettings(in_channels=2, widths=(8, 16), pools=((1, 2, 2),))
TILE = (1, 64, 64)
FAST = SegmentSettings(engine="fast")
installed = pytest.mark.skipif(not runtime.is_installed(), reason="the extra `fast` is not installed")


@pytest.fixture
def network() -> Network:
    return Network(ModelHeader(id="a", name="a", net=TINY), ready(build(TINY), pick("cpu")), pick("cpu"))


def test_the_fast_engine_that_is_not_installed_is_an_error(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "is_installed", lambda: False)
    with pytest.raises(UserError, match=r"pip install .*\[fast\]"):
        choose(EngineCache(), network, "a.safetensors", TILE, FAST)
    assert choose(EngineCache(), network, "a.safetensors", TILE, SegmentSettings()).network is network


def test_exact_and_torch_are_torch(network: Network) -> None:
    for settings in (SegmentSettings(engine="torch"), SegmentSettings(engine="fast", blend=False)):
        assert choose(EngineCache(), network, "a.safetensors", TILE, settings).network is network


@installed
def test_a_gpu_keeps_torch_and_says_so(network: Network) -> None:
    there = replace(network, device=Device("cuda", "CUDA: a card"))
    assert "PyTorch runs the network on CUDA: a card" in choose(EngineCache(), there, "a", TILE, FAST).note
    assert choose(EngineCache(), there, "a", TILE, SegmentSettings()).note == ""


def test_examples_are_tiles_with_something_in_them() -> None:
    pixels = np.zeros((1, 1, 1000, 1000), np.float32)
    pixels[..., 300:600, 500:700] = np.random.default_rng(0).random((300, 200))
    seen = examples(TINY, NetworkInputs(pixels, (1, 1000, 1000), Scaling((0.0,), (1.0,), 20.0)), TILE)()
    assert seen.shape == (16, 2, 1, 256, 256)
    assert seen.dtype == np.float32
    assert seen[0].std() > 0


@installed
def test_the_fast_engine_runs_a_job_and_is_there_for_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # for the process that makes it, too
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / name)
    net = build(TINY)
    net.lean_to_background(0.0, 0.05)
    checkpoint.save(tmp_path / "a.safetensors", ModelHeader(id="a", name="a", net=TINY), net)
    pixels = np.random.default_rng(0).integers(0, 4000, (1, 1, 1, 130, 130)).astype(np.uint16)
    image = VolumeRef(pixels=scratch.write(tmp_path / "pixels.npy", pixels), name="noise")
    engine = Engine()

    def devices(settings: SegmentSettings) -> list[str]:
        job: dict[str, Any] = {"id": "s", "image": image, "model": str(tmp_path / "a.safetensors")}
        run = engine.run(
            SegmentJob(**job, settings=settings, out=ArrayRef(path=str(tmp_path / "out.npy"))), lambda: False
        )
        events = list(run)
        assert isinstance(events[-1], Finished), events[-1]
        return [event.device for event in events if isinstance(event, Started)]

    assert "OpenVINO" in devices(FAST)[0]
    assert "OpenVINO" in devices(SegmentSettings())[0]
    assert "OpenVINO" not in devices(SegmentSettings(engine="torch"))[0]
