"""The main of the process that makes a fast network: ``build MODEL EXAMPLES KEY``, at low priority.

Examples are tiles (N, C, z, y, x) as the network would see them, in a ``.npy`` file that is removed when done. What
8 bits say about them must agree with single precision, or single precision (bfloat16 where torch uses it, too) it is.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_apprentice.data.labels.scores import matches
from napari_apprentice.data.models import ModelHeader, meanings_of
from napari_apprentice.data.storage import npy
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.activation import activate
from napari_apprentice.engine.decoding import quick_labels
from napari_apprentice.engine.device import mixed_precision, pick
from napari_apprentice.engine.fast import store
from napari_apprentice.engine.fast.export import export_network
from napari_apprentice.engine.fast.network import options
from napari_apprentice.engine.fast.quantize import quantize
from napari_apprentice.engine.fast.runtime import core, multiplies_bytes, openvino
from napari_apprentice.engine.folding import ready
from napari_apprentice.processes import lower_priority

_LONGEST_S = 300.0
_SAME = 1e-2  # by which single precision may differ from torch
_AGREEMENT = 0.97  # of what single precision says, for 8 bits to stand in
_IOU = 0.75


def make(model: str, tiles: np.ndarray, key: str) -> store.About:
    """Make the fast form of a model file, and put it into the cache."""
    began = time.perf_counter()
    header, net = checkpoint.load(model)
    net = ready(net, pick("cpu"))  # type: ignore[assignment]  # a module that computes the same
    fixed = header.net.padding == "valid"  # how far such a network mirrors is a constant in what is exported
    size = (int(tiles.shape[2]), int(tiles.shape[3]), int(tiles.shape[4]))
    folder = store.new_folder(key)
    try:
        single = export_network(net, meanings_of(header), tiles.shape[1], size)
    except Exception as error:  # whatever OpenVINO does not know it says in a way of its own
        about = store.About(problem=_why_not(header, error))
    else:
        made, about = _best(single, net, header, list(tiles[:, None]))
        openvino().save_model(made, folder / "model.xml", compress_to_fp16=False)
        about = about.model_copy(update={"tile": size if fixed else None})
    about = about.model_copy(update={"seconds": time.perf_counter() - began})
    store.put(key, folder, about)
    return about


def _best(
    single: Any, net: torch.nn.Module, header: ModelHeader, tiles: Sequence[np.ndarray]
) -> tuple[Any, store.About]:
    """The quickest form that says what torch says."""
    expected = _answers(single, tiles, "f32")
    with torch.inference_mode():
        truth = activate(net(torch.from_numpy(tiles[0])), meanings_of(header)).numpy()
    if np.abs(truth - expected[0]).max() > _SAME * max(1.0, float(np.abs(truth).max())):
        return single, store.About(problem=f"OpenVINO computes {header.name} wrongly: PyTorch runs it.")
    if multiplies_bytes():
        small = quantize(single, tiles)
        agreement = share_found_again(expected, _answers(small, tiles, "f32"), header)
        if agreement >= _AGREEMENT:
            return small, store.About(precision="int8", agreement=agreement)
    with mixed_precision(pick("cpu")):
        half = torch.is_autocast_enabled("cpu")
    return single, store.About(precision="bf16" if half else "f32")


def share_found_again(expected: Sequence[np.ndarray], found: Sequence[np.ndarray], header: ModelHeader) -> float:
    """Share of objects found again with an overlap of 3/4, or of voxels with the same class."""
    if header.kind == "values":
        return float(np.mean([_correlation(one, other) for one, other in zip(expected, found, strict=True)]))
    pairs = [
        (quick_labels(one[0], header), quick_labels(other[0], header))
        for one, other in zip(expected, found, strict=True)
    ]
    if header.kind == "classes":
        return float(np.mean([np.mean(one == other) for one, other in pairs]))
    counts = [matches(one, other, (_IOU,))[0] for one, other in pairs]
    total = sum(counts[1:], start=counts[0])
    return total.f1 if total.true_positives + total.false_positives + total.false_negatives else 1.0


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(1 - np.mean((one - other) ** 2) / max(1e-12, float(one.var())))


def _answers(model: Any, tiles: Sequence[np.ndarray], precision: store.Precision) -> list[np.ndarray]:
    run = core().compile_model(model, "CPU", options(precision)).create_infer_request()
    return [np.array(run.infer({0: tile})[0]) for tile in tiles]


def _why_not(header: ModelHeader, error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return f"The fast engine cannot run {header.name} ({lines[-1][:120]}): PyTorch runs it."


def main() -> None:
    """Make one, and end whatever happens."""
    limit = threading.Timer(_LONGEST_S, os._exit, (1,))
    limit.daemon = True
    limit.start()
    lower_priority()
    model, examples, key = sys.argv[1:]
    tiles = npy.load(examples)
    Path(examples).unlink(missing_ok=True)
    make(model, tiles, key)


if __name__ == "__main__":
    main()
