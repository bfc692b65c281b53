"""How much of a machine's matrix-product rate a network reaches, in torch and in its fast form."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from napari_apprentice.architecture.ledger import ledger
from napari_apprentice.engine.device import Device, pick
from napari_apprentice.engine.fast import build, choice, runtime, store
from napari_apprentice.engine.fast.network import FastNetwork
from napari_apprentice.engine.inputs import Inputs
from napari_apprentice.engine.predict import Network, forward
from napari_apprentice.engine.warm import Warm
from napari_apprentice.settings import DeviceName, Triple

_MATRIX = {"cpu": 3072, "cuda": 8192, "mps": 4096}


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
        scaling = Warm().scaling((("", 0, 0), 0), pixels, network.header.normalize)
        size = (int(pixels.shape[1]), int(pixels.shape[2]), int(pixels.shape[3]))
        look = choice.examples(network.header.net, Inputs(pixels, size, scaling), tile)
        about = build.make(model, look(), key)
    return FastNetwork.load(store.folder_of(key), about)


def _at_once(network: Network) -> int:
    return 1 if network.fast is None else network.fast.at_once
