"""The blocks of a level, from a net's settings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from napari_apprentice.architecture.layers import Block, Conv, Stage
from napari_apprentice.settings import Triple

if TYPE_CHECKING:
    from napari_apprentice.architecture.net import NetSettings


def kernel(net: NetSettings, edge: int) -> Triple:
    """A kernel of `edge` voxels along every axis the net looks along."""
    return (1 if net.dims == 2 else edge, edge, edge)


def conv(net: NetSettings, inputs: int, outputs: int, edge: int = 3, dilation: int = 1) -> Conv:
    """A convolution with the net's padding, norm and bias."""
    bias = net.norm == "none" if net.bias is None else net.bias
    same = net.padding == "same" or edge == 1
    return Conv(inputs, outputs, kernel(net, edge), dilation=dilation, same=same, bias=bias, norm=net.norm)


def plain(net: NetSettings, inputs: int, outputs: int, edge: int = 1) -> Conv:
    """A convolution without a norm: heads, gates and what goes before an interpolation."""
    return Conv(inputs, outputs, kernel(net, edge))


def block(net: NetSettings, inputs: int, outputs: int, count: int, first: int | None = None) -> Block:
    """`count` convolutions of 3; ``first`` is the width of the first one when it differs.

    With dense blocks each convolution gives a quarter of the width (the growth rate).
    """
    if net.block == "dense" and count > 0:
        growth = max(1, outputs // 4)
        convs = tuple(conv(net, inputs + i * growth, growth) for i in range(count))
        return Block("dense", inputs, outputs, convs, conv(net, inputs + count * growth, outputs, 1))
    widths = [inputs, *([first or outputs] if count > 1 else []), *[outputs] * (count - min(count, 2) + 1)]
    convs = tuple(conv(net, a, b) for a, b in pairwise(widths)) if count else ()
    if net.block == "residual" and count > 0:
        return Block("residual", inputs, outputs, convs, None if inputs == outputs else conv(net, inputs, outputs, 1))
    return Block("plain", inputs, outputs if count else inputs, convs)


def encoder_block(net: NetSettings, level: int) -> Block:
    """The block of a level on the way down."""
    inputs = net.in_channels if level == 0 else net.widths[level - 1]
    width = net.widths[level]
    first = max(1, width // 2) if net.narrow_first else None
    return block(net, inputs, width, net.convolutions_at[level], first)


def bottleneck(net: NetSettings) -> Block:
    """What stands at the coarsest level.

    Dilated stack: Yu & Koltun, ICLR 2016. Parallel dilations (ASPP): Chen et al., TPAMI 2018; without the branch of
    image-level features (Chen et al., 2017), which would make what is predicted depend on the tile.
    """
    inputs, width = net.widths[-2] if net.depth else net.in_channels, net.widths[-1]
    if net.bottleneck == "dilated":
        widths = [inputs, *[width] * len(net.dilations)]
        steps = zip(widths[:-1], widths[1:], net.dilations, strict=True)
        return Block("plain", inputs, width, tuple(conv(net, a, b, 3, d) for a, b, d in steps))
    if net.bottleneck == "aspp":
        branches = (conv(net, inputs, width, 1), *(conv(net, inputs, width, 3, d) for d in net.dilations))
        return Block("parallel", inputs, width, branches, conv(net, width * len(branches), width, 1))
    return encoder_block(net, net.depth)


def pooling(net: NetSettings, level: int) -> Conv | None:
    """The strided convolution below a level, None where nothing is learned (Springenberg et al., ICLR 2015)."""
    factor, width = net.pools[level], net.widths[level]
    return Conv(width, width, factor, stride=factor) if net.down == "strided" else None


def encoder_stages(down: Sequence[Block], pools: Sequence[Conv | None]) -> list[Stage]:
    """The way down: the block of each level above the bottleneck, and the pooling below it where that is learned."""
    found = []
    for i, (part, pool) in enumerate(zip(down, pools, strict=True)):
        found.append(Stage(f"encoder {i}", i, part.outputs, tuple(part)))
        found += [Stage(f"down {i}", i + 1, part.outputs, (pool,))] if pool else []
    return found


def lift(net: NetSettings, level: int, inputs: int, outputs: int) -> Conv | None:
    """The convolution of the way up from below `level`, None where nothing is learned.

    ``transposed``: kernel and stride are the factor, so that windows do not overlap. ``shuffle``: one channel for each
    voxel of the window (Shi et al., CVPR 2016). Unpooling needs one only where the widths do not suit.
    """
    factor = net.pools[level]
    if net.up == "transposed":
        return Conv(inputs, outputs, factor, stride=factor, transposed=True, bias=net.up_bias)
    if net.up == "shuffle":
        return plain(net, inputs, outputs * factor[0] * factor[1] * factor[2])
    suits = "unpool" in net.up and inputs == outputs
    return None if suits else plain(net, inputs, outputs)
