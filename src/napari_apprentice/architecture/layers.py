"""What networks are made of, as numbers: convolutions, and blocks of them. The torch modules are built from these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

from napari_apprentice.settings import Triple

BlockKind = Literal["plain", "residual", "dense", "parallel"]


@dataclass(frozen=True)
class Conv:
    """One convolution and the norm behind it; kernel and stride are (z, y, x), with 1 along z in a 2D net.

    ``same`` convolutions keep the size, the others lose what their kernel overhangs. A transposed one multiplies
    the size by its stride.
    """

    inputs: int
    outputs: int
    kernel: Triple
    stride: Triple = (1, 1, 1)
    dilation: int = 1
    same: bool = True
    transposed: bool = False
    bias: bool = True
    norm: str = "none"

    @property
    def weights(self) -> int:
        """Weights of the kernels: multiplications for each voxel the kernel is put on."""
        return self.inputs * self.outputs * prod(self.kernel)

    @property
    def parameters(self) -> int:
        """Everything that is learned: weights, biases, factors and offsets of the norm."""
        return self.weights + self.outputs * (int(self.bias) + (0 if self.norm == "none" else 2))

    @property
    def reach(self) -> Triple:
        """How far from its centre it sees, in voxels of its own level; 0 where it only changes the level."""
        if self.stride != (1, 1, 1):
            return 0, 0, 0
        z, y, x = (self.dilation * (k - 1) // 2 for k in self.kernel)
        return z, y, x


@dataclass(frozen=True)
class Block:
    """Convolutions at one level, ``inputs`` to ``outputs`` channels.

    ========== =====================================================================================
    plain      one after the other
    residual   the same, and the input is added at the end, through ``join`` where widths differ
    dense      each sees the input and the results of all before it; ``join`` takes them together
    parallel   side by side on the same input; ``join`` takes them together
    ========== =====================================================================================
    """

    kind: BlockKind
    inputs: int
    outputs: int
    convs: tuple[Conv, ...]
    join: Conv | None = None

    def __iter__(self) -> Iterator[Conv]:
        yield from self.convs
        if self.join is not None:
            yield self.join

    @property
    def reach(self) -> Triple:
        """How far an output voxel sees, in voxels of the block's level."""
        found = [(0, 0, 0), *(conv.reach for conv in self.convs)]
        total = max if self.kind == "parallel" else sum
        z, y, x = (total(axis) for axis in zip(*found, strict=True))
        return z, y, x


@dataclass(frozen=True)
class Stage:
    """A named part of a network: its convolutions, at which level, and the channels it gives."""

    name: str
    level: int
    channels: int
    convs: tuple[Conv, ...]

    @property
    def parameters(self) -> int:
        """Everything that is learned here."""
        return sum(conv.parameters for conv in self.convs)
