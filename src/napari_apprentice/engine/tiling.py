"""How an image is cut into tiles for a network."""

from __future__ import annotations

import numpy as np

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.geometry.patches import Tile, plan_tiles
from napari_apprentice.settings import Triple

_OVERLAP_2D = (0, 24, 24)
_OVERLAP_3D = (4, 16, 16)
_DEEPEST = 32  # slices of a tile


def tiles_for(net: NetSettings, shape: Triple, edge: int, *, blend: bool) -> list[Tile]:
    """Tiles for a network on an image of ``shape``, evenly sized, about ``edge`` wide; halos are at most half.

    A volume of no more voxels than a tile is one tile: cut along z, a network would see little of a small organ.
    """
    wanted = tile_of(net, edge)
    if net.dims == 3 and net.size is None and np.prod(shape, dtype=np.int64) <= np.prod(wanted):
        wanted = shape
    halo = halo_of(net) if blend else _within(net, net.receptive_radius)
    tile = [_even(n, max(t, 4 * h), h) for n, t, h in zip(shape, wanted, halo, strict=True)]
    return plan_tiles(shape, (tile[0], tile[1], tile[2]), halo, net.multiple)


def tile_of(net: NetSettings, edge: int) -> Triple:
    """The tile (z, y, x) that an edge in the plane asks for; of a network made elsewhere the size that it takes."""
    if net.decoder == "elsewhere" and net.size is not None:
        return net.size
    return (1, edge, edge) if net.dims == 2 else (min(_DEEPEST, edge // 12), edge // 2, edge // 2)


def halo_of(net: NetSettings) -> Triple:
    """By how much tiles overlap to each side (z, y, x); the receptive field is larger but fades."""
    return _within(net, _OVERLAP_2D if net.dims == 2 else _OVERLAP_3D)


def _within(net: NetSettings, halo: Triple) -> Triple:
    """As much of it as leaves half of a tile that cannot be larger."""
    if net.decoder != "elsewhere" or net.size is None:
        return halo
    z, y, x = (min(h, n // 4) for h, n in zip(halo, net.size, strict=True))
    return z, y, x


def _even(size: int, tile: int, halo: int) -> int:
    """The smallest tile that needs no more tiles than ``tile`` does."""
    step = max(1, tile - 2 * halo)
    count = max(1, -(-(size - 2 * halo) // step))
    return -(-(size + (count - 1) * 2 * halo) // count)
