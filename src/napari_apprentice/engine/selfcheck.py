"""Asked by `runners.selfcheck`, in a process for each device, for a device may crash:

``python -m napari_apprentice.engine.selfcheck`` tells which devices there are, and with ``DEVICE FOLDER`` what the
network of a bundled model says about one tile there, how fast, and how much memory is free; or that there is not
enough. One line of JSON each.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.device import Device, found, is_out_of_memory
from napari_apprentice.engine.folding import ready
from napari_apprentice.engine.network import Network, forward

_EDGE = 256
_RUNS = 5  # of which the fastest counts: the others had to share


def devices() -> list[dict[str, str]]:
    """Every device here, also those that are not used."""
    return [{"name": one.name, "words": one.words, "key": one.key} for one in found()]


def look(name: str, out: Path) -> dict[str, Any]:
    """Predict a tile in single precision and as *Segment* does: ``exact.npy`` and ``quick.npy`` in ``out``."""
    device = next(one for one in found() if one.name == name)
    header, net = checkpoint.load(str(resources.files("napari_apprentice") / "bundled" / "nuclei-2d.safetensors"))
    network = Network(header, ready(net, device), device)
    tile = _tile(header.net.in_channels)
    exact = forward(network, tile, exact=True)
    quick = forward(network, tile)
    seconds = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        forward(network, tile)
        seconds.append(time.perf_counter() - began)
    np.save(out / "exact.npy", exact)
    np.save(out / "quick.npy", quick)
    return {"ms_per_megapixel": 1e9 * min(seconds) / _EDGE**2, "free_bytes": _free(device)}


def _tile(channels: int) -> np.ndarray:
    """Bright disks on noise, the same on every machine: (1, C, 1, Y, X) float32."""
    rng = np.random.default_rng(0)
    y, x = np.indices((_EDGE, _EDGE))
    picture = rng.normal(0, 0.05, (_EDGE, _EDGE))
    for row, column in rng.uniform(20, _EDGE - 20, (24, 2)):
        picture += np.clip(1.5 - np.hypot(y - row, x - column) / 8, 0, 1)
    return np.broadcast_to(picture.astype(np.float32), (1, channels, 1, _EDGE, _EDGE)).copy()


def _free(device: Device) -> int:
    return int(torch.cuda.mem_get_info()[0]) if device.name == "cuda" else int(psutil.virtual_memory().available)


if __name__ == "__main__":
    try:
        said: Any = look(sys.argv[1], Path(sys.argv[2])) if len(sys.argv) > 2 else devices()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        said = {"no_memory": True}
    sys.stdout.write(json.dumps(said) + "\n")
