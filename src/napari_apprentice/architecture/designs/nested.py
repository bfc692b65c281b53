r"""Nested skips (UNet++, Zhou et al., DLMIA 2018): every level goes up from every depth.

::

    (0,0)---(0,1)---(0,2)      node (i, j) sees all nodes (i, 0..j-1) of its row
        \   /   \   /         and (i+1, j-1) from below
        (1,0)---(1,1)
            \   /
            (2,0)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_apprentice.architecture.designs.blocks import block, bottleneck, encoder_block, lift, plain, pooling
from napari_apprentice.architecture.designs.design import radius, reach_of_step
from napari_apprentice.architecture.layers import Block, Conv, Stage
from napari_apprentice.settings import Triple

if TYPE_CHECKING:
    from napari_apprentice.architecture.net import NetSettings

Node = tuple[int, int]


@dataclass(frozen=True)
class Nested:
    """The parts of a nested net: blocks and lifts by node, one head for each column that predicts."""

    pools: tuple[Triple, ...]
    strides: tuple[Triple, ...]
    interpolates: bool
    learned_pools: tuple[Conv | None, ...]
    blocks: dict[Node, Block]
    lifts: dict[Node, Conv | None]
    heads: tuple[Conv, ...]

    @classmethod
    def of(cls, net: NetSettings) -> Nested:
        """The parts that settings describe."""
        depth, widths = net.depth, net.widths
        blocks = {(i, 0): encoder_block(net, i) for i in range(depth)} | {(depth, 0): bottleneck(net)}
        lifts = {}
        for j in range(1, depth + 1):
            for i in range(depth - j + 1):
                lifted = widths[i + 1] if net.keep_channels else widths[i]
                lifts[i, j] = lift(net, i, widths[i + 1], lifted)
                blocks[i, j] = block(net, j * widths[i] + lifted, widths[i], net.convolutions_at[i])
        heads = depth if net.deep_supervision else 1
        return cls(
            net.pools,
            net.strides,
            net.up == "linear",
            tuple(pooling(net, i) for i in range(depth)),
            blocks,
            lifts,
            tuple(plain(net, widths[0], net.out_channels) for _ in range(heads)),
        )

    @property
    def depth(self) -> int:
        """Levels above the bottleneck."""
        return len(self.pools)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Column by column, as they run."""
        found = []
        for i, j in sorted(self.blocks, key=lambda node: (node[1], node[0])):
            part, pool, lifted = self.blocks[i, j], self.learned_pools[i - 1] if i and not j else None, None
            if pool is not None:
                found.append(Stage(f"down {i - 1}", i, pool.outputs, (pool,)))
            if j:
                lifted = self.lifts[i, j]
            if lifted is not None:
                level = i if lifted.transposed else i + 1
                found.append(Stage(f"up {i}.{j}", level, lifted.outputs, (lifted,)))
            found.append(Stage(name_of((i, j), self.depth), i, part.outputs, tuple(part)))
        return (*found, Stage("head", 0, self.heads[0].outputs, self.heads))

    @property
    def receptive_radius(self) -> Triple:
        """Down to the bottleneck and straight up: no way through a net is longer."""
        depth = self.depth
        parts = [(self.blocks[depth, 0].reach, self.strides[depth])]
        for i in range(depth):
            parts += [(self.blocks[i, 0].reach, self.strides[i]), (self.blocks[i, depth - i].reach, self.strides[i])]
            parts.append((reach_of_step(self.pools[i], interpolates=self.interpolates), self.strides[i]))
        return radius(*parts)

    @property
    def lost_margin(self) -> Triple:
        """Nothing: all convolutions are padded."""
        return 0, 0, 0


def name_of(node: Node, depth: int) -> str:
    """What a node is called: those of the first column are an encoder."""
    i, j = node
    if j:
        return f"node {i}.{j}"
    return "bottleneck" if i == depth else f"encoder {i}"
