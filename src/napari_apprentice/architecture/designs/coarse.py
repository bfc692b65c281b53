r"""Coarse predictions brought to full size at once: FCN (Long et al., CVPR 2015) and DeepLab (Chen et al., TPAMI 2018).

::

    encoder -> bottleneck -> coarse logits --- up ---> logits           ``direct``: linear interpolation
         \-> score of level i  (+) <--- up by 2                         ``scores``: learned, bilinear at first
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_apprentice.architecture.designs.blocks import (
    bottleneck,
    encoder_block,
    encoder_stages,
    kernel,
    plain,
    pooling,
)
from napari_apprentice.architecture.designs.design import radius, reach_of_step
from napari_apprentice.architecture.layers import Block, Conv, Stage
from napari_apprentice.settings import Triple

if TYPE_CHECKING:
    from napari_apprentice.architecture.net import NetSettings

_FULLY_CONNECTED = 7  # the edge of VGG's last map, which its first fully connected layer covers


@dataclass(frozen=True)
class Coarse:
    """The parts of a net that predicts at coarse levels.

    ``heads[0]`` predicts at the bottleneck and ``heads[k]`` what was pooled k times less; ``lifts`` brings the sum up
    after each of them (empty: one interpolation).
    """

    pools: tuple[Triple, ...]
    strides: tuple[Triple, ...]
    down: tuple[Block, ...]
    learned_pools: tuple[Conv | None, ...]
    bottom: Block
    heads: tuple[Conv, ...]
    lifts: tuple[Conv, ...]

    @classmethod
    def of(cls, net: NetSettings) -> Coarse:
        """The parts that settings describe."""
        levels = range(net.depth)
        learned = net.decoder == "scores"
        bottom = _fully_connected(net) if learned else bottleneck(net)
        widths = [bottom.outputs, *(net.widths[net.depth - k - 1] for k in range(1, net.scores + 1))]
        return cls(
            net.pools,
            net.strides,
            tuple(encoder_block(net, i) for i in levels),
            tuple(pooling(net, i) for i in levels),
            bottom,
            tuple(plain(net, width, net.out_channels) for width in widths),
            tuple(_bilinear(net, factor) for factor in _factors(net)) if learned else (),
        )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Encoder, bottleneck, then each score and the step up behind it."""
        found = encoder_stages(self.down, self.learned_pools)
        bottom = len(self.down)
        found.append(Stage("bottleneck", bottom, self.bottom.outputs, tuple(self.bottom)))
        for k, head in enumerate(self.heads):
            found.append(Stage(f"score {bottom - k}", bottom - k, head.outputs, (head,)))
            if self.lifts:
                level = 0 if k == len(self.heads) - 1 else bottom - k - 1
                found.append(Stage(f"up {level}", level, head.outputs, (self.lifts[k],)))
        return tuple(found)

    @property
    def receptive_radius(self) -> Triple:
        """Through the bottleneck, then one interpolation after the other."""
        bottom = len(self.down)
        parts = [(self.bottom.reach, self.strides[bottom])]
        parts += [(self.down[i].reach, self.strides[i]) for i in range(bottom)]
        for fine, coarse in self.steps_up:
            z, y, x = (c // f for f, c in zip(self.strides[fine], self.strides[coarse], strict=True))
            parts.append((reach_of_step((z, y, x), interpolates=True), self.strides[fine]))
        return radius(*parts)

    @property
    def steps_up(self) -> tuple[tuple[int, int], ...]:
        """From which level to which finer one the logits go, as (finer, coarser)."""
        bottom = len(self.down)
        ends = [bottom - k for k in range(len(self.heads))]
        return tuple(zip([*ends[1:], 0], ends, strict=True))

    @property
    def lost_margin(self) -> Triple:
        """Nothing: all convolutions are padded."""
        return 0, 0, 0


def _fully_connected(net: NetSettings) -> Block:
    """VGG's two fully connected layers as convolutions."""
    inputs, width = net.widths[-2], net.widths[-1]
    first = Conv(inputs, width, kernel(net, _FULLY_CONNECTED))
    return Block("plain", inputs, width, (first, plain(net, width, width)))


def _factors(net: NetSettings) -> list[Triple]:
    """By how much each step goes up: the scores' own pools, then the rest at once."""
    steps = [net.pools[net.depth - k] for k in range(1, net.scores + 1)]
    return [*steps, net.strides[net.depth - net.scores]]


def _bilinear(net: NetSettings, factor: Triple) -> Conv:
    z, y, x = (2 * f - f % 2 for f in factor)
    return Conv(net.out_channels, net.out_channels, (z, y, x), stride=factor, transposed=True, bias=False)
