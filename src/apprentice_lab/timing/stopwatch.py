"""What the bench of speed measures of the engine: operations a second of a network alone, seconds for an image."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_apprentice.architecture.ledger import ledger
from napari_apprentice.data.image.zoom import zoom_for
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.decoding import labels_of
from napari_apprentice.engine.device import Device, mixed_precision, pick
from napari_apprentice.engine.diameter import measured_in
from napari_apprentice.engine.fast import build, choice, runtime, store
from napari_apprentice.engine.fast.network import FastNetwork
from napari_apprentice.engine.inputs import NetworkInputs
from napari_apprentice.engine.network import Network, forward
from napari_apprentice.engine.predict import predict
from napari_apprentice.engine.tiling import tiles_for
from napari_apprentice.engine.warm import Warm
from napari_apprentice.errors import UserError
from napari_apprentice.settings import DeviceName, EngineName, SegmentSettings, Triple

_MATRIX = {"cpu": 3072, "cuda": 8192, "mps": 4096}
_CHANGE = 1e-3  # of each weight


def operations(model: str, pixels: np.ndarray, edge: int, repeats: int, device: DeviceName) -> dict[str, Any]:
    """Operations a second of a matrix product and of the network on one tile, all in turn; lists of ``repeats``.

    ``pixels`` (C, Z, Y, X) are what the fast form takes its ranges from, where it must be made first.
    """
    network = Warm().network(model, pick(device))
    net = network.header.net
    tile = (1, edge, edge) if net.dims == 2 else (32, edge // 2, edge // 2)
    flop = ledger(net, tile).flop
    inputs = np.random.default_rng(0).random((1, net.in_channels, *tile), np.float32)
    ways: dict[str, tuple[float, Callable[[], object]]] = {
        "peak": _product(network.device),
        "torch": (flop, lambda: forward(network, inputs)),
    }
    if runtime.is_installed() and not network.device.is_gpu:
        fast = Network(network.header, network.net, network.device, fast=_fast(network, model, pixels, tile))
        ways["fast"] = (_at_once(fast) * flop, lambda: forward(fast, np.repeat(inputs, _at_once(fast), axis=0)))
    found: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(repeats + 1):
        for name, (count, call) in ways.items():
            began = time.perf_counter()
            call()
            if repeat:  # the first one warms up
                found[name].append(count / (time.perf_counter() - began))
    return {"device": network.device.words, "tile": tile, "flop": flop, "rates": found}


class Segmenter:
    """A model on the processor, warm: an image in memory to labels in memory, each half timed."""

    def __init__(self, model: str, engine: EngineName) -> None:
        self._model = model
        self._engine = engine
        self._network = Warm().network(model, pick("cpu"))
        self._fast: FastNetwork | None = None

    def __call__(self, pixels: np.ndarray) -> dict[str, Any]:
        """Seconds of both halves, and how many objects there are in an image (C, Z, Y, X) without a pixel size."""
        network = self._for(pixels)
        began = time.perf_counter()
        measured = measured_in(network, pixels) if network.header.measures else None
        zoom = zoom_for(network.header, (1.0, 1.0, 1.0), "pixel", measured=measured)
        prediction = predict(network, pixels, zoom)
        between = time.perf_counter()
        labels = labels_of(prediction, network.header)
        masks_s = time.perf_counter() - between
        found = {"network_s": between - began, "masks_s": masks_s, "objects": int(labels.max())}
        return {**found, "zoom": zoom, "on": network.words}

    def predict(self, pixels: np.ndarray, tile: int) -> None:
        """The prediction of an image (C, Z, Y, X) at its own resolution, in tiles of this edge, and nothing else."""
        predict(self._for(pixels), pixels, settings=SegmentSettings(tile=tile))

    def _for(self, pixels: np.ndarray) -> Network:
        if self._engine == "torch":
            return self._network
        if self._fast is None:
            shape = (int(pixels.shape[1]), int(pixels.shape[2]), int(pixels.shape[3]))
            tile = tiles_for(self._network.header.net, shape, SegmentSettings().tile, blend=True)[0].shape
            self._fast = _fast(self._network, self._model, pixels, tile)
        return replace(self._network, fast=self._fast)


def computes_in_half() -> bool:
    """Whether torch predicts in bfloat16 on this processor."""
    with mixed_precision(pick("cpu")):
        return bool(torch.is_autocast_enabled("cpu"))


def _product(device: Device) -> tuple[float, Callable[[], object]]:
    """Of square matrices: single precision on a processor, bfloat16 on a GPU."""
    n = _MATRIX[device.name]
    matrix = torch.rand(n, n, device=device.torch, dtype=torch.bfloat16 if device.is_gpu else torch.float32)

    def product() -> None:
        done = matrix @ matrix
        if device.is_gpu:
            done[0, 0].item()  # waits

    return 2.0 * n**3, product


def _fast(network: Network, model: str, pixels: np.ndarray, tile: Triple) -> FastNetwork:
    key = store.key_of(model, tile if network.header.net.padding == "valid" else None)
    about = store.find(key)
    if about is None:
        scaling = Warm().scaling((("", 0, 0), 0), pixels, network.header)
        size = (int(pixels.shape[1]), int(pixels.shape[2]), int(pixels.shape[3]))
        look = choice.examples(network.header.net, NetworkInputs(pixels, size, scaling), tile)
        about = build.make(model, look(), key)
    return FastNetwork.load(store.folder_of(key), about)


def _at_once(network: Network) -> int:
    return 1 if network.fast is None else network.fast.at_once


def write_changed(model: str, to: Path) -> None:
    """Another model of the same kind: the weights of one, changed so little that it says the same."""
    header, net = checkpoint.load(model)
    with torch.no_grad():
        for weights in net.parameters():
            weights.mul_(1 + _CHANGE * torch.randn_like(weights))
    checkpoint.save(to, header, net)


def is_made(model: str) -> bool:
    """Whether the fast form of a model is in the cache; `UserError` when it cannot be had."""
    about = store.find(store.key_of(model, None))
    if about is not None and about.problem:
        raise UserError(about.problem)
    return about is not None


def forget(model: str) -> None:
    """Take it from the cache."""
    shutil.rmtree(store.folder_of(store.key_of(model, None)), ignore_errors=True)
