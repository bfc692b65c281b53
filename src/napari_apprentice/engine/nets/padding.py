"""Mirrored borders, and crops to the middle."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def mirror(x: torch.Tensor, before: Sequence[int], after: Sequence[int]) -> torch.Tensor:
    """Mirror (B, C, ...) beyond its borders by any number of voxels; the border voxel itself is not repeated."""
    for axis, (low, high) in enumerate(zip(before, after, strict=True), start=2):
        if low or high:
            x = x.index_select(axis, _mirrored(x.shape[axis], low, high).to(x.device))
    return x


def centre(x: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """The middle of (B, C, ...) of the given spatial size."""
    parts = [slice((n - m) // 2, (n - m) // 2 + m) for n, m in zip(x.shape[2:], size, strict=True)]
    return x[(slice(None), slice(None), *parts)]


def _mirrored(length: int, before: int, after: int) -> torch.Tensor:
    """To and fro along an axis, as often as it takes: 2 1 | 0 1 2 | 1 0."""
    places = torch.arange(-before, length + after)
    period = max(1, 2 * (length - 1))
    places = places.remainder(period)
    return torch.where(places < length, places, period - places)
