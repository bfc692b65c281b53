"""What a network costs and how far it sees, in words."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from napari_apprentice.architecture.ledger import ledger
from napari_apprentice.architecture.sizes import smallest_valid
from napari_apprentice.settings import Triple

if TYPE_CHECKING:
    from napari_apprentice.architecture.net import NetSettings

_SOME = {2: (1, 1024, 1024), 3: (64, 128, 128)}  # a million voxels, which is a multiple of what any preset pools


def facts(net: NetSettings) -> str:
    """Parameters, receptive field and operations: "1.9 M parameters; sees 90 px around; 16 GFLOP per megapixel"."""
    z, _, x = net.receptive_radius
    around = f"{x} px around" + (f" ({z} slices)" if net.dims == 3 else "")
    cost = "megapixel" if net.dims == 2 else "megavoxel"
    return f"{_count(net.parameters)} parameters; sees {around}; {_number(gflop(net))} GFLOP per {cost}"


def gflop(net: NetSettings) -> float:
    """Billions of operations for a million voxels of output; of a large patch, where the border counts little."""
    size = _size(net)
    table = ledger(net, size)
    return table.flop / prod(table.output) * 1e6 / 1e9


def _size(net: NetSettings) -> Triple:
    if net.size is not None:
        return net.size
    if net.padding == "same":
        return _SOME[net.dims]
    sizes = zip(smallest_valid(net), net.multiple, _SOME[net.dims], strict=True)
    z, y, x = (first + max(0, n - first) // m * m for first, m, n in sizes)
    return z, y, x


def _count(n: int) -> str:
    return f"{_number(n / 1e6)} M" if n >= 1e5 else f"{n / 1e3:.0f} k"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
