"""Convolutions and blocks as torch modules, from their description in `architecture`."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from napari_apprentice.architecture.layers import Block, Conv


def convolution(of: Conv, dims: int) -> nn.Module:
    """A convolution alone; a transposed one multiplies the size by its stride."""
    kernel, stride = of.kernel[3 - dims :], of.stride[3 - dims :]
    kind: Any  # the stubs want tuples of two or three
    made: nn.Module
    if of.transposed:
        kind = nn.ConvTranspose2d if dims == 2 else nn.ConvTranspose3d
        overlap = tuple((k - s) // 2 for k, s in zip(kernel, stride, strict=True))
        made = kind(of.inputs, of.outputs, kernel, stride, overlap, bias=of.bias)
        return made
    kept = of.same and of.stride == (1, 1, 1)
    padding = tuple(of.dilation * (k - 1) // 2 if kept else 0 for k in kernel)
    kind = nn.Conv2d if dims == 2 else Conv3d
    made = kind(of.inputs, of.outputs, kernel, stride, padding, of.dilation, bias=of.bias)
    return made


class Conv3d(nn.Conv3d):
    """Never in bfloat16 over maps with fewer slices than its kernel, but for one, on a processor.

    There torch's gradient of the weights reads memory that nothing was written to (torch 2.13, oneDNN, AVX512): now
    and then it is NaN, and all that was learned is lost. Maps of one slice, and of more, are right.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, inputs, Z, Y, X) to (B, outputs, Z, Y, X)."""
        if torch.is_autocast_enabled("cpu") and torch.is_grad_enabled() and 1 < x.shape[2] < self.kernel_size[0]:
            with torch.autocast("cpu", enabled=False):
                return super().forward(x.float())
        return super().forward(x)


def norm(kind: str, channels: int, dims: int) -> nn.Module:
    """What keeps activations in range."""
    if kind == "batch":
        return nn.BatchNorm2d(channels) if dims == 2 else nn.BatchNorm3d(channels)
    if kind == "instance":
        return nn.InstanceNorm2d(channels, affine=True) if dims == 2 else nn.InstanceNorm3d(channels, affine=True)
    if kind == "group":
        groups = next(n for n in range(max(1, channels // 8), 0, -1) if channels % n == 0)
        return nn.GroupNorm(groups, channels)
    return nn.Identity()


def layer(of: Conv, dims: int, *, relu: bool = True) -> list[nn.Module]:
    """Convolution, norm, ReLU."""
    found = [convolution(of, dims), norm(of.norm, of.outputs, dims)]
    return [*found, nn.ReLU(inplace=True)] if relu else found


def block(of: Block, dims: int) -> nn.Module:
    """The convolutions of one level."""
    kinds = {"plain": PlainBlock, "residual": ResidualBlock, "dense": DenseBlock, "parallel": ParallelBlock}
    return kinds[of.kind](of, dims)


class PlainBlock(nn.Sequential):
    """One convolution, norm and ReLU after the other."""

    def __init__(self, of: Block, dims: int) -> None:
        super().__init__(*(module for conv in of.convs for module in layer(conv, dims)))


class ResidualBlock(nn.Module):
    """ReLU of input plus what the convolutions find (He et al., CVPR 2016); they learn what to change."""

    def __init__(self, of: Block, dims: int) -> None:
        super().__init__()
        last = of.convs[-1]
        before = [module for conv in of.convs[:-1] for module in layer(conv, dims)]
        self.change = nn.Sequential(*before, *layer(last, dims, relu=False))
        self.join = nn.Sequential(*(layer(of.join, dims, relu=False) if of.join else []))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, inputs, ...) to (B, outputs, ...)."""
        return torch.relu(self.change(x) + self.join(x))


class DenseBlock(nn.Module):
    """Each convolution sees the input and the results of all before it (Huang et al., CVPR 2017)."""

    def __init__(self, of: Block, dims: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(*layer(conv, dims)) for conv in of.convs)
        self.join = nn.Sequential(*(layer(of.join, dims) if of.join else []))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, inputs, ...) to (B, outputs, ...)."""
        for one in self.layers:
            x = torch.cat([x, one(x)], dim=1)
        return self.join(x)  # type: ignore[no-any-return]


class ParallelBlock(nn.Module):
    """Convolutions side by side that look differently far around (ASPP: Chen et al., TPAMI 2018)."""

    def __init__(self, of: Block, dims: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*layer(conv, dims)) for conv in of.convs)
        self.join = nn.Sequential(*(layer(of.join, dims) if of.join else []))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, inputs, ...) to (B, outputs, ...)."""
        return self.join(torch.cat([branch(x) for branch in self.branches], dim=1))  # type: ignore[no-any-return]


def dropout(share: float, dims: int) -> nn.Module:
    """Whole channels are dropped: neighbouring voxels tell the same (Tompson et al., CVPR 2015)."""
    if share == 0:
        return nn.Identity()
    return nn.Dropout2d(share) if dims == 2 else nn.Dropout3d(share)
