"""The network on one tile when memory runs out: smaller parts of the tile, with the same values."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data.geometry.patches import plan_tiles
from napari_apprentice.engine.device import free_memory, is_out_of_memory
from napari_apprentice.engine.network import Network, forward
from napari_apprentice.settings import Triple


def forward_sparing(network: Network, inputs: np.ndarray) -> np.ndarray:
    """What the network says of a tile's inputs (C, z, y, x), (K, z, y, x) float32.

    When memory runs out, parts of the tile are predicted one by one. Each is read as far around as the network sees, so
    that values stay the same to rounding (with instance or group norm, which look at all of a tile, nearly the same)
    and objects do not depend on how much memory there was.
    """
    size = (inputs.shape[1], inputs.shape[2], inputs.shape[3])
    part = size
    while True:
        try:
            return forward(network, inputs[None])[0] if part == size else _in_parts(network, inputs, part)
        except (RuntimeError, MemoryError) as error:
            smaller = smaller_than(part, network.header.net.receptive_radius, network.header.net.multiple)
            if not is_out_of_memory(error) or smaller == part:
                raise
        free_memory(network.device)
        part = smaller


def smaller_than(part: Triple, radius: Triple, multiple: Triple) -> Triple:
    """A part of about half the edges; as large as it was where what the network sees does not let it be smaller."""
    found = []
    for n, r, m in zip(part, radius, multiple, strict=True):
        least = -(-(2 * r + m) // m) * m
        found.append(min(n, max(least, -(-(n // 2) // m) * m)))
    return found[0], found[1], found[2]


def _in_parts(network: Network, inputs: np.ndarray, part: Triple) -> np.ndarray:
    net = network.header.net
    size = (inputs.shape[1], inputs.shape[2], inputs.shape[3])
    values = np.empty((net.out_channels, *size), np.float32)
    for tile in plan_tiles(size, part, net.receptive_radius, net.multiple):
        found = forward(network, inputs[(slice(None), *tile.read)][None])[0]
        values[(slice(None), *tile.put)] = found[(slice(None), *tile.keep)]
    return values
