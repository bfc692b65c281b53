"""The table of a paper's figure: what each part of a network gives and costs, for an input of some size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from napari_apprentice.architecture.layers import Conv, Stage
from napari_apprentice.architecture.sizes import why_not_size
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Triple

if TYPE_CHECKING:
    from napari_apprentice.architecture.net import NetSettings

_FLOAT32 = 4


@dataclass(frozen=True)
class Row:
    """One part: its map of ``channels`` at ``size`` (z, y, x), parameters, operations, bytes of what it computes."""

    name: str
    size: Triple
    channels: int
    parameters: int
    flop: int
    memory: int


@dataclass(frozen=True)
class Ledger:
    """All parts of a net for one input, without batch; ``output`` is the size (z, y, x) that comes out.

    Operations count a multiplication and an addition as two. Memory is every convolution's output in single precision:
    what training keeps, and about what prediction reads and writes.
    """

    input: Triple
    output: Triple
    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        """Everything that is learned."""
        return sum(row.parameters for row in self.rows)

    @property
    def flop(self) -> int:
        """Floating-point operations."""
        return sum(row.flop for row in self.rows)

    @property
    def memory(self) -> int:
        """Bytes of all maps."""
        return sum(row.memory for row in self.rows)


def ledger(net: NetSettings, size: Triple) -> Ledger:
    """The table for an input of `size` (z, y, x); `UserError` when the net does not take it."""
    problem = why_not_size(net, size)
    if problem:
        raise UserError(problem)
    rows = []
    current, level = size, 0
    for stage in net.design.stages:
        current = _at_level(current, net, level, stage.level) if net.padding == "valid" else _strided(net, size, stage)
        level = stage.level
        row, current = _row(stage, current)
        rows.append(row)
    return Ledger(size, size if net.padding == "same" else current, tuple(rows))


def _strided(net: NetSettings, size: Triple, stage: Stage) -> Triple:
    z, y, x = (n // s for n, s in zip(size, net.strides[stage.level], strict=True))
    return z, y, x


def _at_level(size: Triple, net: NetSettings, old: int, new: int) -> Triple:
    """The size after going from one level to another."""
    for a, b in pairwise(range(old, new + 1)) if new > old else pairwise(range(old, new - 1, -1)):
        factor = net.pools[min(a, b)]
        z, y, x = (n // f if b > a else n * f for n, f in zip(size, factor, strict=True))
        size = z, y, x
    return size


def _row(stage: Stage, size: Triple) -> tuple[Row, Triple]:
    """Run a stage's convolutions over a map of `size`; side by side ones keep it."""
    flop = memory = 0
    for conv in stage.convs:
        inside, size = size, _after(conv, size)
        seen = prod(inside) // prod(conv.stride) if conv.transposed else prod(size)
        flop += 2 * conv.weights * seen
        memory += _FLOAT32 * conv.outputs * prod(size)
    return Row(stage.name, size, stage.channels, stage.parameters, flop, memory), size


def _after(conv: Conv, size: Triple) -> Triple:
    """Sizes of a stage are those at its level: only valid convolutions change them."""
    if conv.same or conv.stride != (1, 1, 1):
        return size
    z, y, x = (n - conv.dilation * (k - 1) for n, k in zip(size, conv.kernel, strict=True))
    return z, y, x
