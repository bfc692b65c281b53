"""FCN and DeepLab: coarse predictions brought to full size; the drawing is in `architecture/designs/coarse`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from napari_apprentice.architecture import NetSettings
from napari_apprentice.architecture.designs import Coarse
from napari_apprentice.engine.nets.net import Net
from napari_apprentice.engine.nets.parts import block, convolution, dropout
from napari_apprentice.engine.nets.steps import Pool, interpolate


class CoarseNet(Net):
    """An encoder whose last levels predict (Long et al., CVPR 2015; Chen et al., TPAMI 2018)."""

    def __init__(self, settings: NetSettings) -> None:
        super().__init__(settings)
        of, dims = Coarse.of(settings), settings.dims
        self.down = nn.ModuleList(block(one, dims) for one in of.down)
        self.pool = nn.ModuleList(
            Pool(settings.down, of.pools[i], of.learned_pools[i], dims) for i in range(settings.depth)
        )
        self.bottleneck = nn.Sequential(block(of.bottom, dims), dropout(settings.dropout, dims))
        self.head = nn.ModuleList(convolution(one, dims) for one in of.heads)
        self.lift = nn.ModuleList(convolution(one, dims) for one in of.lifts)
        self._initialise()
        for lift in self.lift:
            interpolating(lift)

    def body(self, x: torch.Tensor) -> list[torch.Tensor]:
        """The coarsest prediction goes up, finer ones are added on the way."""
        pooled = []
        for down, pool in zip(self.down, self.pool, strict=True):
            x, _ = pool(down(x))
            pooled.append(x)
        y = self.head[0](self.bottleneck(x))
        if not self.lift:
            stride = self.settings.strides[-1][3 - self.settings.dims :]
            return [interpolate(y, stride, linear=True)]
        for k, lift in enumerate(self.lift):
            y = lift(y)
            if k + 1 < len(self.head):
                y = y + self.head[k + 1](pooled[-(k + 2)])
        return [y]

    def maps(self) -> dict[str, nn.Module]:
        """Encoder, bottleneck and the coarse predictions."""
        found: dict[str, nn.Module] = {f"encoder {i}": one for i, one in enumerate(self.down)}
        found["bottleneck"] = self.bottleneck
        depth = self.settings.depth
        return found | {f"score {depth - k}": one for k, one in enumerate(self.head)}

    def _lean(self, heads: Sequence[nn.Module], bias: float) -> None:
        super()._lean(heads[:1], bias)


@torch.no_grad()
def interpolating(lift: nn.Module) -> None:
    """Weights with which a transposed convolution interpolates linearly, each channel by itself."""
    weight = lift.get_parameter("weight")
    weight.zero_()
    stencil = torch.ones(())
    for n in weight.shape[2:]:
        middle = (n - 1) / 2
        tent = 1 - (torch.arange(n) - middle).abs() / ((n + 1) // 2)
        stencil = stencil[..., None] * tent
    for channel in range(weight.shape[0]):
        weight[channel, channel] = stencil
