from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import torch

from napari_apprentice.architecture import NetSettings, preset
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.device import pick
from napari_apprentice.engine.fast import build, runtime, store
from napari_apprentice.engine.fast.network import FastNetwork
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.nets import build as build_net
from napari_apprentice.engine.network import Network
from napari_apprentice.engine.predict import predict
from napari_apprentice.settings import SegmentSettings

pytestmark = pytest.mark.skipif(not runtime.is_installed(), reason="the extra `fast` is not installed")
TINY = NetSettings(widths=(8, 16, 16), pools=((1, 2, 2),) * 2, in_channels=2)
TINY_3D = NetSettings(dims=3, widths=(8, 16), pools=((1, 2, 2),), in_channels=2)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / "cache" / name)


def network(folder: Path, net: NetSettings) -> tuple[Path, Network]:
    """A model file, and the same network in torch."""
    torch.manual_seed(0)
    built = build_net(net)
    built.lean_to_background(0.0, 0.05)
    header = ModelHeader(id="a", name="a", net=net)
    checkpoint.save(folder / "a.safetensors", header, built)
    return folder / "a.safetensors", Network(header, ready(built, pick("cpu")), pick("cpu"))


def made(path: Path, tiles: np.ndarray) -> tuple[store.About, FastNetwork]:
    key = store.key_of(str(path), None)
    build.make(str(path), tiles, key)
    about = store.find(key)
    assert about is not None
    return about, FastNetwork.load(store.folder_of(key), about)


def tiles(*size: int) -> np.ndarray:
    return np.random.default_rng(0).random((2, 2, *size)).astype(np.float32)


@pytest.mark.parametrize(("net", "shape"), [(TINY, (1, 200, 150)), (TINY, (3, 64, 64)), (TINY_3D, (9, 70, 60))])
def test_the_fast_network_says_what_torch_says(tmp_path: Path, net: NetSettings, shape: tuple[int, ...]) -> None:
    path, slow = network(tmp_path, net)
    about, fast = made(path, tiles(*((1, 64, 64) if net.dims == 2 else (8, 32, 32))))
    assert about.problem == ""
    pixels = np.random.default_rng(0).integers(0, 4000, (1, *shape)).astype(np.uint16)
    settings = SegmentSettings(tile=96)
    one, other = (predict(n, pixels, 1.0, settings).values.astype(np.float32) for n in (slow, replace(slow, fast=fast)))
    assert np.abs(one - other).mean() < 0.05 * one.std()


def test_what_is_exact_stays_exact(tmp_path: Path) -> None:
    path, slow = network(tmp_path, TINY)
    _, fast = made(path, tiles(1, 64, 64))
    pixels = np.random.default_rng(0).integers(0, 4000, (1, 1, 100, 100)).astype(np.uint16)
    one, other = (
        predict(n, pixels, 1.0, SegmentSettings(blend=False)).values for n in (slow, replace(slow, fast=fast))
    )
    np.testing.assert_array_equal(one, other)


def test_a_network_that_mirrors_by_constants_takes_one_size(tmp_path: Path) -> None:
    path, _ = network(tmp_path, preset("unet-2015", 2, 2, width=4))
    about, fast = made(path, tiles(1, 64, 64))
    assert about.tile == (1, 64, 64)
    assert fast.takes((1, 64, 64))
    assert not fast.takes((1, 96, 96))


def test_what_openvino_does_not_know_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = network(tmp_path, TINY)
    key = store.key_of(str(path), None)

    def unknown(*_: object) -> None:
        raise RuntimeError("No translator found for\naten::max_unpool2d")

    monkeypatch.setattr(build, "export_network", unknown)
    about = build.make(str(path), tiles(1, 64, 64), key)
    assert about.problem == "The fast engine cannot run a (aten::max_unpool2d): PyTorch runs it."
    assert store.find(key) == about


def test_other_weights_are_another_key(tmp_path: Path) -> None:
    path, _ = network(tmp_path, TINY)
    other, _ = network(tmp_path, TINY.model_copy(update={"widths": (8, 16, 32)}))
    first = store.key_of(str(path), None)
    assert store.key_of(str(path), (1, 64, 64)) != first
    assert store.find(first) is None
    assert path == other
