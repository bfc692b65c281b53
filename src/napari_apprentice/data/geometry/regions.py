"""The part of a large image that is open for editing: where regions, chunks and cells lie. Pure integers.

::

    the image (T, Z, Y, X)      cells: fixed, what is taught from       chunks: what is read and written
    +----+----+----+----+
    |    |    |    |    |       region: some chunks around the view, one frame
    +----+-+--+--+-+----+
    |    | region| |    |
    +----+-+--+--+-+----+
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

Region = tuple[slice, slice, slice, slice]  # t, z, y, x
Shape = tuple[int, int, int, int]

_CHUNK = {2: (1, 1, 512, 512), 3: (1, 32, 128, 128)}
_REGION = {2: (1, 1, 2048, 2048), 3: (1, 64, 512, 512)}
_CELL = {2: (1, 1, 1024, 1024), 3: (1, 64, 256, 256)}
_MARGIN = {2: (0, 0, 96, 96), 3: (0, 8, 48, 48)}
_OVERVIEW = 1 << 25  # voxels of the coarse picture of all labels


def chunk_of(shape: Shape) -> Shape:
    """The voxels of a chunk of an image of ``shape``."""
    return _least(_CHUNK[_dims(shape)], shape)


def whole_region(shape: Sequence[int]) -> Region:
    """All of an image."""
    t, z, y, x = (slice(0, int(n)) for n in shape)
    return t, z, y, x


def region_at(shape: Shape, point: Sequence[float]) -> Region:
    """The region whose middle is as near to ``point`` (t, z, y, x) as whole chunks let it be."""
    sides = _least(_REGION[_dims(shape)], shape)
    parts = []
    for n, side, chunk, at in zip(shape, sides, chunk_of(shape), point, strict=True):
        first = round((at - side / 2) / chunk) * chunk if side > 1 else round(at)
        last_start = -(-max(0, n - side) // chunk) * chunk
        start = min(max(0, first), last_start)
        parts.append(slice(start, min(n, start + side)))
    t, z, y, x = parts
    return t, z, y, x


def align_to_chunks(region: Region, box: Sequence[tuple[int, int]], chunk: Shape) -> Region:
    """The part of a region, on whole chunks, that holds a ``box`` ((start, stop) relative to the region)."""
    parts = []
    for part, (start, stop), step in zip(region, box, chunk, strict=True):
        low = (part.start + start) // step * step
        high = -(-(part.start + stop) // step) * step
        parts.append(slice(max(part.start, low), min(part.stop, high)))
    t, z, y, x = parts
    return t, z, y, x


def position_within(inner: Region, outer: Region) -> Region:
    """Where ``inner`` lies in an array that holds ``outer``."""
    t, z, y, x = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(inner, outer, strict=True))
    return t, z, y, x


def lies_in(inner: Region, outer: Region) -> bool:
    """Whether one part of an image is all in another."""
    return all(b.start <= a.start and a.stop <= b.stop for a, b in zip(inner, outer, strict=True))


def widen(region: Region, shape: Shape) -> Region:
    """A region with what a network has to see around it."""
    margin = _MARGIN[_dims(shape)]
    t, z, y, x = (
        slice(max(0, part.start - m), min(n, part.stop + m)) for part, m, n in zip(region, margin, shape, strict=True)
    )
    return t, z, y, x


def chunks_in(region: Region, chunk: Shape) -> Iterator[tuple[int, ...]]:
    """The chunks that a region touches, by their places."""
    spans = (range(part.start // step, -(-part.stop // step)) for part, step in zip(region, chunk, strict=True))
    return itertools.product(*spans)


def chunk_region(place: Sequence[int], chunk: Sequence[int], shape: Sequence[int]) -> Region:
    """The voxels of the chunk at a place."""
    t, z, y, x = (slice(i * n, min(whole, (i + 1) * n)) for i, n, whole in zip(place, chunk, shape, strict=True))
    return t, z, y, x


def cells_of(region: Region, shape: Shape) -> Iterator[Region]:
    """The cells that a region touches. They share the image out and never change, whatever is corrected."""
    spans = []
    for part, n, side in zip(region, shape, _CELL[_dims(shape)], strict=True):
        count = max(1, round(n / side))
        cuts = [n * i // count for i in range(count + 1)]
        spans.append([slice(a, b) for a, b in itertools.pairwise(cuts) if a < part.stop and b > part.start])
    return itertools.product(*spans)


def overview_steps(shape: Shape) -> Shape:
    """How many voxels along each axis are one of the coarse picture of an image: every frame, fewer pixels."""
    steps = [1, 1, 1, 1]
    while math.prod(-(-n // step) for n, step in zip(shape, steps, strict=True)) > _OVERVIEW:
        left = [-(-n // step) for n, step in zip(shape, steps, strict=True)]
        longest = max((1, 2, 3), key=lambda axis: left[axis])
        if left[longest] == 1:
            break  # more frames than that: the picture is as coarse as it gets
        for axis in (2, 3) if longest > 1 else (1,):
            steps[axis] *= 2
    t, z, y, x = steps
    return t, z, y, x


def _dims(shape: Shape) -> int:
    return 3 if shape[1] > 1 else 2


def _least(sides: Shape, shape: Shape) -> Shape:
    t, z, y, x = (min(a, n) for a, n in zip(sides, shape, strict=True))
    return t, z, y, x
