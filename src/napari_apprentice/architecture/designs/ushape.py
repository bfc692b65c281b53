r"""Down, a bottleneck, and up again level by level, with or without skips.

::

    level 0  block ------------- skip -----------> merge -> head
                \ pool                           / lift
    level 1      block ------- skip -----> merge
                    \ pool              / lift
    level 2          bottleneck ---------
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_apprentice.architecture.designs.blocks import (
    block,
    bottleneck,
    encoder_block,
    encoder_stages,
    lift,
    plain,
    pooling,
)
from napari_apprentice.architecture.designs.design import radius, reach_of_step
from napari_apprentice.architecture.layers import Block, Conv, Stage
from napari_apprentice.settings import Triple

if TYPE_CHECKING:
    from napari_apprentice.architecture.net import NetSettings


@dataclass(frozen=True)
class Gate:
    """An additive attention gate (Oktay et al., MIDL 2018): which of a skip's voxels the level below asks for."""

    skip: Conv
    below: Conv
    score: Conv

    @property
    def convs(self) -> tuple[Conv, ...]:
        """Its convolutions."""
        return self.skip, self.below, self.score


@dataclass(frozen=True)
class UShape:
    """The parts of a U-shaped net; tuples have one entry for each level above the bottleneck."""

    pools: tuple[Triple, ...]
    strides: tuple[Triple, ...]
    interpolates: bool
    down: tuple[Block, ...]
    learned_pools: tuple[Conv | None, ...]
    bottom: Block
    codes: tuple[Conv, Conv] | None
    lifts: tuple[Conv | None, ...]
    gates: tuple[Gate | None, ...]
    merges: tuple[Block, ...]
    head: Conv

    @classmethod
    def of(cls, net: NetSettings) -> UShape:
        """The parts that settings describe."""
        levels = range(net.depth)
        below = [_width_below(net, level) for level in levels]
        lifts = [lift(net, i, below[i], below[i] if net.keep_channels else net.widths[i]) for i in levels]
        return cls(
            net.pools,
            net.strides,
            net.up == "linear",
            tuple(encoder_block(net, i) for i in levels),
            tuple(pooling(net, i) for i in levels),
            bottleneck(net),
            _codes(net),
            tuple(lifts),
            tuple(_gate(net, i, below[i]) for i in levels),
            tuple(_merge(net, i, below[i]) for i in levels),
            plain(net, _merged(net, 0) if net.depth else net.widths[-1], net.out_channels),
        )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Encoder, bottleneck, decoder, head."""
        found = encoder_stages(self.down, self.learned_pools)
        bottom = len(self.down)
        found.append(Stage("bottleneck", bottom, self.bottom.outputs, tuple(self.bottom)))
        if self.codes:
            squeeze, expand = self.codes
            found.append(Stage("codes", bottom, squeeze.outputs, (squeeze,)))
            found.append(Stage("from codes", bottom, expand.outputs, (expand,)))
        for i in reversed(range(bottom)):
            lifted, gate = self.lifts[i], self.gates[i]
            found += [Stage(f"up {i}", i if lifted.transposed else i + 1, lifted.outputs, (lifted,))] if lifted else []
            found += [Stage(f"gate {i}", i + 1, 1, gate.convs)] if gate else []
            found.append(Stage(f"decoder {i}", i, self.merges[i].outputs, tuple(self.merges[i])))
        return (*found, Stage("head", 0, self.head.outputs, (self.head,)))

    @property
    def receptive_radius(self) -> Triple:
        """Through the bottleneck: no way through a net is longer."""
        bottom = len(self.down)
        parts = [(self.bottom.reach, self.strides[bottom])]
        if self.codes:
            z, y, x = (k - 1 for k in self.codes[0].kernel)
            parts.append(((z, y, x), self.strides[bottom]))
        for i in range(bottom):
            parts += [(self.down[i].reach, self.strides[i]), (self.merges[i].reach, self.strides[i])]
            interpolates = self.interpolates or self.gates[i] is not None
            parts.append((reach_of_step(self.pools[i], interpolates=interpolates), self.strides[i]))
        return radius(*parts)

    @property
    def lost_margin(self) -> Triple:
        """Every convolution without padding takes its reach off."""
        levels = range(len(self.down))
        blocks = [(self.down[i], i) for i in levels] + [(self.merges[i], i) for i in levels]
        blocks.append((self.bottom, len(self.down)))
        return radius(*((c.reach, self.strides[i]) for part, i in blocks for c in part if not c.same))


def _merged(net: NetSettings, level: int) -> int:
    """What a block on the way up gives. Unpooling keeps channels, so the block above it has to be suited already."""
    return net.widths[max(0, level - 1)] if "unpool" in net.up else net.widths[level]


def _width_below(net: NetSettings, level: int) -> int:
    return bottleneck(net).outputs if level == net.depth - 1 else _merged(net, level + 1)


def _merge(net: NetSettings, level: int, below: int) -> Block:
    """The block behind a skip; with the mirrored number of convolutions."""
    width = net.widths[level]
    lifted = below if net.keep_channels else width
    inputs = {"none": lifted, "add": width}.get(net.skip, width + lifted)
    outputs = _merged(net, level)
    return block(net, inputs, outputs, net.convolutions_at[level], width)


def _gate(net: NetSettings, level: int, below: int) -> Gate | None:
    if net.skip != "attention":
        return None
    width, factor = net.widths[level], net.pools[level]
    return Gate(Conv(width, width, factor, stride=factor, bias=False), plain(net, below, width), plain(net, width, 1))


def _codes(net: NetSettings) -> tuple[Conv, Conv] | None:
    """Squeeze and expand; with a fixed size every code sees the whole map, which is what a dense layer does."""
    if not net.codes:
        return None
    width = net.widths[-1]
    if net.size is None:
        return plain(net, width, net.codes), plain(net, net.codes, width)
    z, y, x = (n // m for n, m in zip(net.size, net.multiple, strict=True))
    whole = (z, y, x)
    return (
        Conv(width, net.codes, whole, same=False),
        Conv(net.codes, width, whole, stride=whole, transposed=True),
    )
