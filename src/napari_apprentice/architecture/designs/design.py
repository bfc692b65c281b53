"""What every design tells about itself."""

from __future__ import annotations

from typing import Protocol

from napari_apprentice.architecture.layers import Stage
from napari_apprentice.settings import Triple


class Design(Protocol):
    """All convolutions of a net in the order they run."""

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The net's named parts, from input to output."""
        ...

    @property
    def receptive_radius(self) -> Triple:
        """How far (z, y, x) an output voxel can see, an upper bound in input voxels."""
        ...

    @property
    def lost_margin(self) -> Triple:
        """Voxels (z, y, x) that convolutions without padding take off each side of the input."""
        ...


def radius(*parts: tuple[Triple, Triple]) -> Triple:
    """The sum of what each part reaches, given as (voxels of its level, stride of its level)."""
    z, y, x = (sum(reach[i] * stride[i] for reach, stride in parts) for i in range(3))
    return z, y, x


def reach_of_step(factor: Triple, *, interpolates: bool) -> Triple:
    """How far going down by a factor and up again reaches, in voxels of the finer level.

    A pooled voxel stands for a window of `factor` voxels. Linear interpolation also reads the neighbour on the nearer
    side: at most half a window to that one's border, and all of it.
    """
    z, y, x = (0 if f == 1 else (3 * f + 1) // 2 - 1 if interpolates else f - 1 for f in factor)
    return z, y, x
