"""From one level to the next: pooling, the ways up, and the gate of a skip."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from napari_apprentice.architecture.designs.ushape import Gate
from napari_apprentice.architecture.layers import Conv
from napari_apprentice.engine.nets.parts import convolution
from napari_apprentice.settings import Triple


class Pool(nn.Module):
    """One level down: the maximum or average of each window, or a strided convolution.

    Gives the smaller map and, of maxima, where in the larger map they were.
    """

    def __init__(self, kind: str, factor: Triple, learned: Conv | None, dims: int) -> None:
        super().__init__()
        self.kind = kind
        self.factor = factor[3 - dims :]
        self.conv = convolution(learned, dims) if learned else None

    def forward(self, x: torch.Tensor, *, where: bool = False) -> tuple[torch.Tensor, torch.Tensor | None]:
        """(B, C, ...) to (B, C, ... / factor), and indices with `where`."""
        if self.conv is not None:
            return self.conv(x), None
        flat = len(self.factor) == 2
        if self.kind == "average":
            return (functional.avg_pool2d if flat else functional.avg_pool3d)(x, self.factor), None
        pool = functional.max_pool2d if flat else functional.max_pool3d
        if not where:
            return pool(x, self.factor), None
        values, indices = pool(x, self.factor, return_indices=True)
        return values, indices


class Lift(nn.Module):
    """One level up.

    ================ ============================================================================
    transposed       each voxel paints its window with a learned stencil
    linear, nearest  a convolution of 1, then interpolation
    shuffle          channels become the voxels of a window
    max-unpool       each value goes back to where its maximum was, the rest is 0
    average-unpool   each value fills its window
    ================ ============================================================================
    """

    def __init__(self, kind: str, factor: Triple, learned: Conv | None, dims: int) -> None:
        super().__init__()
        self.kind = kind
        self.factor = factor[3 - dims :]
        self.conv = convolution(learned, dims) if learned else None

    def forward(self, x: torch.Tensor, where: torch.Tensor | None = None) -> torch.Tensor:
        """(B, C, ...) to (B, C', ... * factor)."""
        if self.conv is not None:
            x = self.conv(x)
        if self.kind == "max-unpool":
            return self._unpool(x, where)
        if self.kind == "transposed":
            return x
        return shuffle(x, self.factor) if self.kind == "shuffle" else interpolate(x, self.factor, self.kind == "linear")

    def _unpool(self, x: torch.Tensor, where: torch.Tensor | None) -> torch.Tensor:
        if where is None:
            raise ValueError("max-unpooling needs to know where the maxima were")
        undo = functional.max_unpool2d if len(self.factor) == 2 else functional.max_unpool3d
        return undo(x, where, self.factor)


class AttentionGate(nn.Module):
    r"""Multiplies a skip by how much the level below asks for it, 0 to 1 (Oktay et al., MIDL 2018).

    ::

        skip (fine) ------------------------------------------ * ->
             \ strided conv                                  |
              + -> ReLU -> conv to one channel -> sigmoid -> interpolate
             / conv of 1
        below (coarse)
    """

    def __init__(self, of: Gate, factor: Triple, dims: int) -> None:
        super().__init__()
        self.factor = factor[3 - dims :]
        self.skip = convolution(of.skip, dims)
        self.below = convolution(of.below, dims)
        self.score = nn.Sequential(nn.ReLU(), convolution(of.score, dims), nn.Sigmoid())

    def forward(self, skip: torch.Tensor, below: torch.Tensor) -> torch.Tensor:
        """The skip (B, C, ...), gated by the level below (B, C', ... / factor)."""
        score = self.score(self.skip(skip) + self.below(below))
        return skip * interpolate(score, self.factor, linear=True)


def interpolate(x: torch.Tensor, factor: tuple[int, ...], linear: bool) -> torch.Tensor:
    """Enlarge (B, C, ...) by whole factors."""
    if all(f == 1 for f in factor):
        return x
    if not linear:
        return functional.interpolate(x, scale_factor=[float(f) for f in factor], mode="nearest")
    mode = "bilinear" if x.ndim == 4 else "trilinear"
    return functional.interpolate(x, scale_factor=[float(f) for f in factor], mode=mode, align_corners=False)


def shuffle(x: torch.Tensor, factor: tuple[int, ...]) -> torch.Tensor:
    """Channels (B, C * prod(factor), ...) become voxels (B, C, ... * factor) (Shi et al., CVPR 2016)."""
    if len(factor) == 2 and factor[0] == factor[1]:
        return functional.pixel_shuffle(x, factor[0])
    batch, channels, *size = x.shape
    few = channels
    for f in factor:
        few //= f
    x = x.reshape(batch, few, *factor, *size)
    n = len(factor)
    order = [0, 1, *(axis for i in range(n) for axis in (2 + n + i, 2 + i))]
    return x.permute(order).reshape(batch, few, *(s * f for s, f in zip(size, factor, strict=True)))
