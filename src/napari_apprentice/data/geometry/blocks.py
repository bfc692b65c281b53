"""Large arrays (Z, Y, X) block by block: what a thread works on stays in its core's cache.

NumPy and SciPy let go of the interpreter while they compute, so that blocks are done side by side.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Block = tuple[slice, slice, slice]
Size = tuple[int, ...]  # voxels along z, y, x
Item = TypeVar("Item")
Result = TypeVar("Result")

_PLANE = (1, 512, 512)
_SOLID = (32, 128, 128)
_MOST_THREADS = 8  # each takes about 20 MB


def blocks(shape: Size, size: Size | None = None) -> list[Block]:
    """Boxes that cover an array (Z, Y, X) once, in the order of the array."""
    size = size or (_PLANE if shape[0] == 1 else _SOLID)
    starts = (range(0, length, step) for length, step in zip(shape, size, strict=True))
    return [_box(low, size, shape) for low in itertools.product(*starts)]


def widen(block: Block, before: Size, after: Size, shape: Size) -> Block:
    """The block with so many voxels before and after it along each axis, as far as the array goes."""
    z, y, x = (
        slice(max(0, at.start - low), min(length, at.stop + high))
        for at, low, high, length in zip(block, before, after, shape, strict=True)
    )
    return z, y, x


def position_within(outer: Block, inner: Block) -> Block:
    """Where a block lies in what another one around it cuts out."""
    z, y, x = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(inner, outer, strict=True))
    return z, y, x


def each(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """What ``work`` makes of each item, in their order; several at once, so it may write to its own block only."""
    threads = min(cores(), _MOST_THREADS, len(items))
    if threads <= 1:
        return [work(one) for one in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def _box(low: Size, size: Size, shape: Size) -> Block:
    z, y, x = (slice(a, min(a + step, length)) for a, step, length in zip(low, size, shape, strict=True))
    return z, y, x


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
