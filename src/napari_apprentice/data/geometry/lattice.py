"""Where a large image is predicted and decoded: integers only, the same for every block size and every worker.

In the plane the network sees ``up`` pixels for each ``down`` pixels of the image; along z the two are the same.
Tiles lie on a lattice that begins at the image's first pixel::

    network pixels   |--- step ---|--- step ---|--- step ---|-- the rest
    tile 1 reads              |halo|   step    |halo|             (mirrored where the image ends)
    tile 1 keeps                   |   step    |

so that what is predicted for a pixel never depends on how the work was shared out. Steps and halos are multiples of the
pooling grid and of ``up``: a tile begins on the grid, and on a whole pixel of the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import overload

from napari_apprentice.data.geometry.patches import Slices
from napari_apprentice.settings import Triple

_FINEST = 8  # parts of a pixel: a zoom is the nearest fraction with at most so large a denominator


@dataclass(frozen=True)
class Part:
    """What is read of the network's image, what of that is kept (relative to ``read``), and where that goes."""

    read: Slices
    keep: Slices
    put: Slices


@dataclass(frozen=True)
class TileParts(Sequence[Part]):
    """Parts of ``shape`` row by row, each ``size`` large and read with ``more`` around it; made when asked for.

    A list of them would not fit into memory: a hundred terabytes are a hundred million tiles.
    """

    shape: Triple
    size: Triple
    more: Triple

    @property
    def counts(self) -> Triple:
        """How many lie along z, y and x."""
        z, y, x = (-(-n // size) for n, size in zip(self.shape, self.size, strict=True))
        return z, y, x

    def __len__(self) -> int:
        return math.prod(self.counts)

    @overload
    def __getitem__(self, index: int) -> Part: ...
    @overload
    def __getitem__(self, index: slice) -> list[Part]: ...

    def __getitem__(self, index: int | slice) -> Part | list[Part]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        _, rows, columns = self.counts
        place, x = divmod(index % len(self), columns)
        z, y = divmod(place, rows)
        starts = [i * size for i, size in zip((z, y, x), self.size, strict=True)]
        return self.at([slice(start, start + size) for start, size in zip(starts, self.size, strict=True)])

    def before(self, index: int) -> list[int | None]:
        """The parts before one along z, y and x; None where it is the first."""
        _, rows, columns = self.counts
        steps = (rows * columns, columns, 1)
        there = (index // steps[0], index // columns % rows, index % columns)
        return [index - step if place > 0 else None for step, place in zip(steps, there, strict=True)]

    def at(self, put: Sequence[slice]) -> Part:
        """A part of any size, read with as much around it."""
        spans = [
            _span(s.start, s.stop - s.start, more, n) for s, more, n in zip(put, self.more, self.shape, strict=True)
        ]
        return Part(*((spans[0][i], spans[1][i], spans[2][i]) for i in range(3)))

    def halves(self, part: Part, unit: Triple) -> list[Part]:
        """A part as two, cut across its longest side at a multiple of ``unit``; [] when no side is longer than that."""
        sides = [s.stop - s.start for s in part.put]
        longer = [axis for axis in range(3) if sides[axis] > unit[axis]]
        if not longer:
            return []
        axis = max(longer, key=lambda one: sides[one])
        at = part.put[axis].start + max(1, sides[axis] // unit[axis] // 2) * unit[axis]
        cuts = [slice(part.put[axis].start, at), slice(at, part.put[axis].stop)]
        return [self.at([*part.put[:axis], cut, *part.put[axis + 1 :]]) for cut in cuts]


@dataclass(frozen=True)
class Lattice:
    """Tiles and blocks of an image of ``shape`` (z, y, x); ``step`` and ``halo`` are in network pixels."""

    shape: Triple
    up: int
    down: int
    step: Triple
    halo: Triple

    @property
    def zoom(self) -> float:
        """Network pixels per image pixel, in the plane."""
        return self.up / self.down

    @property
    def network_shape(self) -> Triple:
        """The image at network resolution; its last pixel may reach beyond the image's."""
        z, y, x = self.shape
        return z, -(-y * self.up // self.down), -(-x * self.up // self.down)

    def tiles(self) -> TileParts:
        """All tiles, row by row."""
        return TileParts(self.network_shape, self.step, self.halo)

    def blocks(self, tiles: Triple, margin: Triple) -> TileParts:
        """Blocks of so many tiles along z, y and x, read with a margin around them (rounded up to whole pixels)."""
        z, y, x = (step * count for step, count in zip(self.step, tiles, strict=True))
        wide = [-(-m // self.up) * self.up for m in margin[1:]]
        return TileParts(self.network_shape, (z, y, x), (margin[0], wide[0], wide[1]))

    def in_image(self, part: Slices) -> Slices:
        """The pixels of the image behind network pixels that begin on a whole pixel; cut where the image ends."""
        z, y, x = part
        plane = [
            slice(s.start * self.down // self.up, min(n, -(-s.stop * self.down // self.up)))
            for s, n in zip((y, x), self.shape[1:], strict=True)
        ]
        return z, plane[0], plane[1]


def lattice_for(shape: Triple, zoom: float, tile: Triple, halo: Triple, multiple: Triple) -> Lattice:
    """A lattice whose tiles are about ``tile`` large, halos included, and overlap by at least two halos."""
    near = Fraction(zoom).limit_denominator(_FINEST) or Fraction(1, _FINEST)
    up, down = near.numerator, near.denominator
    units = (multiple[0], math.lcm(multiple[1], up), math.lcm(multiple[2], up))
    halos = [-(-h // unit) * unit for h, unit in zip(halo, units, strict=True)]
    steps = [max(unit, (t - 2 * h) // unit * unit) for t, h, unit in zip(tile, halos, units, strict=True)]
    return Lattice(shape, up, down, (steps[0], steps[1], steps[2]), (halos[0], halos[1], halos[2]))


def _span(start: int, size: int, more: int, end: int) -> tuple[slice, slice, slice]:
    """Along one axis: what is read, what of that is kept, and where it goes."""
    first, stop = max(0, start - more), min(end, start + size)
    return slice(first, min(end, start + size + more)), slice(start - first, stop - first), slice(start, stop)
