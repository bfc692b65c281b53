"""Voxels that are some steps apart."""

from __future__ import annotations

from collections.abc import Sequence

Slices = tuple[slice, ...]


def pairs_inside(shape: Sequence[int], offset: Sequence[int]) -> tuple[Slices, Slices]:
    """Slices of the first and of the second voxels of all pairs ``offset`` apart inside an array.

    Empty where the offset leads beyond an array that is narrower.
    """
    first = tuple(slice(max(0, -d), max(0, n - max(0, d))) for d, n in zip(offset, shape, strict=True))
    second = tuple(slice(max(0, d), max(0, n + min(0, d))) for d, n in zip(offset, shape, strict=True))
    return first, second
