"""A plain U-Net in 2D and 3D from one description."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from napari_apprentice.settings import NetSettings, Triple


def build(settings: NetSettings) -> nn.Module:
    """Build the network that `settings` describe, with fresh weights."""
    return UNet(settings)


def _norm(kind: str, channels: int, dims: int) -> nn.Module:
    if kind == "batch":
        return nn.BatchNorm2d(channels) if dims == 2 else nn.BatchNorm3d(channels)
    if kind == "instance":
        return nn.InstanceNorm2d(channels, affine=True) if dims == 2 else nn.InstanceNorm3d(channels, affine=True)
    if kind == "group":
        return nn.GroupNorm(max(1, channels // 8), channels)
    return nn.Identity()


class ConvBlock(nn.Sequential):
    """Twice: convolution of 3, norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, settings: NetSettings) -> None:
        conv = nn.Conv2d if settings.dims == 2 else nn.Conv3d
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers.append(conv(channels, outputs, 3, padding=1, bias=settings.norm == "none"))
            layers.append(_norm(settings.norm, outputs, settings.dims))
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)


class UNet(nn.Module):
    """U-Net with max pooling, linear upsampling and concatenated skips.

    Ronneberger et al., MICCAI 2015; Cicek et al., MICCAI 2016. Takes and gives (B, C, Z, Y, X); a 2D net
    folds Z into the batch. Sizes must be multiples of ``settings.multiple``; `features` gives what the
    last convolution sees, (B, widths[0], Z, Y, X).
    """

    def __init__(self, settings: NetSettings) -> None:
        super().__init__()
        self.settings = settings
        conv = nn.Conv2d if settings.dims == 2 else nn.Conv3d
        widths = settings.widths
        before = (settings.in_channels, *widths[:-1])
        self.down = nn.ModuleList(ConvBlock(a, b, settings) for a, b in zip(before, widths, strict=True))
        # The 1x1 convolution commutes with the interpolation and is cheaper before it.
        self.lift = nn.ModuleList(conv(b, a, 1) for a, b in pairwise(widths))
        self.up = nn.ModuleList(ConvBlock(2 * a, a, settings) for a in widths[:-1])
        self.head = conv(widths[0], settings.out_channels, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.head.weight, std=0.01)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """From inputs (B, in_channels, Z, Y, X) to logits (B, out_channels, Z, Y, X)."""
        folded, unfold = self._fold(x)
        return unfold(self.head(self._features(folded)))

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """What the last 1x1 convolution sees, (B, widths[0], Z, Y, X)."""
        folded, unfold = self._fold(x)
        return unfold(self._features(folded))

    def _fold(self, x: torch.Tensor) -> tuple[torch.Tensor, _Unfold]:
        if x.ndim != 5:
            raise ValueError(f"the net takes (B, C, Z, Y, X), got shape {tuple(x.shape)}")
        wrong = [n % m for n, m in zip(x.shape[2:], self.settings.multiple, strict=True)]
        if any(wrong):
            raise ValueError(f"size {tuple(x.shape[2:])} is not a multiple of {self.settings.multiple}")
        if self.settings.dims == 3:
            return x, _Unfold(0, 0)
        b, c, z, height, width = x.shape
        if z == 1:
            return x[:, :, 0], _Unfold(b, 1)
        return x.transpose(1, 2).reshape(b * z, c, height, width), _Unfold(b, z)

    def _features(self, x: torch.Tensor) -> torch.Tensor:
        skips: list[torch.Tensor] = []
        for level, block in enumerate(self.down):
            if level > 0:
                x = self._pool(x, self.settings.pools[level - 1])
            x = block(x)
            skips.append(x)
        for level in reversed(range(len(self.up))):
            x = self._upsample(self.lift[level](x), self.settings.pools[level])
            x = self.up[level](torch.cat([skips[level], x], dim=1))
        return x

    def _pool(self, x: torch.Tensor, pool: Triple) -> torch.Tensor:
        return functional.max_pool2d(x, pool[1:]) if x.ndim == 4 else functional.max_pool3d(x, pool)

    def _upsample(self, x: torch.Tensor, pool: Triple) -> torch.Tensor:
        factors = [float(f) for f in (pool[1:] if x.ndim == 4 else pool)]
        mode = "bilinear" if x.ndim == 4 else "trilinear"
        return functional.interpolate(x, scale_factor=factors, mode=mode, align_corners=False)


class _Unfold:
    """Turns a folded batch (B * Z, C, Y, X) back into (B, C, Z, Y, X); with z = 0 there is nothing to do."""

    def __init__(self, batch: int, z: int) -> None:
        self._batch = batch
        self._z = z

    def __call__(self, y: torch.Tensor) -> torch.Tensor:
        if self._z == 0:
            return y
        if self._z == 1:
            return y.unsqueeze(2)
        return y.reshape(self._batch, self._z, *y.shape[1:]).transpose(1, 2)
