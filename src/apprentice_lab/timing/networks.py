"""How long networks take on one processor thread, and which of torch's features pay there.

Times are processor time: what another program takes of the machine does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from statistics import median
from typing import Any

import torch
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.device import mixed_precision, pick
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.nets import build
from napari_apprentice.settings import Triple

_SIZES: dict[int, Triple] = {2: (1, 512, 512), 3: (32, 64, 64)}
_PATCH = (4, 1, 96, 96)


def prediction(nets: Mapping[str, NetSettings], repeats: int) -> dict[str, dict[str, Any]]:
    """Seconds for a million voxels of each network, as *Segment* runs it: the median of `repeats`, all nets in turn.

    In turn, so that what slows the machine for a while slows all.
    """
    torch.set_num_threads(1)
    built = {label: ready(build(settings), pick("cpu")) for label, settings in nets.items()}
    seconds: dict[str, list[float]] = {label: [] for label in nets}
    for repeat in range(repeats + 1):
        for label, settings in nets.items():
            z, y, x = _SIZES[settings.dims]
            inputs = torch.rand(1, settings.in_channels, z, y, x)
            taken = _predicting(built[label], inputs, mixed_precision(pick("cpu")))() / (z * y * x / 1e6)
            if repeat:  # the first one warms up
                seconds[label].append(taken)
    return {label: {"median": median(times), "all": times} for label, times in seconds.items()}


def features(net: NetSettings, repeats: int) -> list[dict[str, Any]]:
    """Seconds to predict a megapixel and for a step of training, with and without each feature; "" or why not."""
    torch.set_num_threads(1)
    ways = [(last, half, False) for last in (False, True) for half in (False, True)]
    return [_way(net, *way, repeats) for way in [*ways, (True, True, True), (False, False, True)]]


def _way(net: NetSettings, last: bool, half: bool, compiled: bool, repeats: int) -> dict[str, Any]:
    """One combination; a compiler that is missing is an answer, too."""
    found: dict[str, Any] = {"channels_last": last, "bfloat16": half, "compile": compiled, "problem": ""}
    built = _laid_out(build(net), last)
    runs: nn.Module = torch.compile(built, dynamic=False) if compiled else built  # type: ignore[assignment]
    z, y, x = _SIZES[net.dims]
    try:
        precision = torch.autocast("cpu", torch.bfloat16, enabled=half)
        inputs = torch.rand(1, net.in_channels, z, y, x)
        built.eval()
        predicting = _predicting(runs, inputs, precision)
        began = time.perf_counter()
        predicting()
        found["first_s"] = time.perf_counter() - began
        found["predict_s"] = median(predicting() for _ in range(repeats)) / (z * y * x / 1e6)
        built.train()
        step = _stepping(runs, built, net, precision)
        step()
        found["step_s"] = median(step() for _ in range(3 * repeats))
    except Exception as error:  # compilers fail in ways of their own
        if not compiled:
            raise
        found["problem"] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
    return found


def _predicting(net: nn.Module, inputs: torch.Tensor, precision: AbstractContextManager[object]) -> Callable[[], float]:
    def once() -> float:
        began = time.process_time()
        with torch.inference_mode(), precision:
            net(inputs)
        return time.process_time() - began

    return once


def _stepping(
    runs: nn.Module, built: nn.Module, net: NetSettings, precision: AbstractContextManager[object]
) -> Callable[[], float]:
    """Forward, backward and AdamW on a batch of patches, as the bench trains."""
    optimizer = torch.optim.AdamW(built.parameters(), lr=1e-4)
    batch, *size = _PATCH
    inputs = torch.rand(batch, net.in_channels, *size)
    target = torch.rand(batch, net.out_channels, *size)

    def once() -> float:
        began = time.process_time()
        optimizer.zero_grad(set_to_none=True)
        with precision:
            logits = runs(inputs)
        nn.functional.mse_loss(logits.float(), target).backward()
        optimizer.step()
        return time.process_time() - began

    return once


def _laid_out(net: nn.Module, last: bool) -> nn.Module:
    return net.to(memory_format=torch.channels_last) if last else net  # type: ignore[call-overload]  # not in stubs
