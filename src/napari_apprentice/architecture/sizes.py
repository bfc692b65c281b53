"""Which sizes a network takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_apprentice.architecture.designs import UShape
from napari_apprentice.architecture.layers import Conv
from napari_apprentice.settings import Triple

if TYPE_CHECKING:
    from napari_apprentice.architecture.net import NetSettings


def why_not_size(net: NetSettings, size: Triple) -> str:
    """One sentence when a net does not take patches of `size` (z, y, x)."""
    if net.size is not None and size != net.size:
        return f"This network takes images of {_words(net.size)} only, and this is one of {_words(size)}."
    if net.padding == "same":
        if any(n % m or n < 1 for n, m in zip(size, net.multiple, strict=True)):
            return f"Size {_words(size)} does not fit this network: use multiples of {_words(net.multiple)}."
        return ""
    first = smallest_valid(net)
    if any(n < low or (n - low) % m for n, low, m in zip(size, first, net.multiple, strict=True)):
        return (
            f"Size {_words(size)} does not fit this network of valid convolutions: "
            f"use {_words(first)} plus multiples of {_words(net.multiple)}."
        )
    return ""


def smallest_valid(net: NetSettings) -> Triple:
    """The smallest input (z, y, x) of a net of valid convolutions from which anything comes out.

    Going backwards: the bottleneck gives one voxel at least, and as many more as the way up takes off.
    """
    sizes = []
    for axis in range(3):
        outputs = 1
        while (found := _input_for(net, axis, outputs)) is None:
            outputs += 1
        sizes.append(found)
    return sizes[0], sizes[1], sizes[2]


def mirror_margins(net: NetSettings, size: Triple) -> tuple[Triple, Triple]:
    """How many voxels (z, y, x) are mirrored before and after a patch so that its output is as large as it is.

    A net of valid convolutions needs the margin it loses, and at the end as much as it takes to pool evenly.
    """
    margin, first, multiple = net.margin, smallest_valid(net), net.multiple
    z, y, x = (n // 2 for n in margin)
    c, b, a = (
        n - n // 2 + (low - length - n) % m for n, low, length, m in zip(margin, first, size, multiple, strict=True)
    )
    return (z, y, x), (c, b, a)


def corner_of_map(net: NetSettings, level: int, size: Triple, shape: Triple) -> tuple[float, float, float]:
    """Where a map of `shape` (z, y, x) at a level begins, in voxels of a patch of `size`, counted from its corner.

    Whatever is padded, cropped or lost is so on both sides alike: a map lies in the middle of what was fed in.
    """
    before, after = ((0, 0, 0), (0, 0, 0)) if net.padding == "same" else mirror_margins(net, size)
    z, y, x = (
        (n + low + high - m * stride) / 2 - low
        for n, low, high, m, stride in zip(size, before, after, shape, net.strides[level], strict=True)
    )
    return z, y, x


def _input_for(net: NetSettings, axis: int, outputs: int) -> int | None:
    """The input along an axis that gives `outputs`; None when no size does."""
    shape = net.design
    if not isinstance(shape, UShape):
        return outputs
    n = outputs
    for merge, pool in zip(shape.merges, net.pools, strict=True):
        n += 2 * _valid_reach(tuple(merge), axis)
        if n % pool[axis]:
            return None
        n //= pool[axis]
    n += 2 * _valid_reach(tuple(shape.bottom), axis)
    for down, pool in zip(reversed(shape.down), reversed(net.pools), strict=True):
        n = n * pool[axis] + 2 * _valid_reach(tuple(down), axis)
    return n


def _valid_reach(convs: tuple[Conv, ...], axis: int) -> int:
    return sum(conv.reach[axis] for conv in convs if not conv.same)


def _words(size: Triple) -> str:
    return " x ".join(map(str, size[1:] if size[0] == 1 else size))
