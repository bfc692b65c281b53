"""Where each tile of an image is read, what of it is kept and where that is put: integers only.

Along one axis, tiles of length L on an image of n pixels padded to a multiple m of the pooling grid::

    read   |------- L -------|
                      |------- L -------|
                                 |------- L -------|      reads start on multiples of m
    put    |------------|-----------|--------------|      puts share the image out, no gaps, no overlaps
                      <--> at least 2 halos between neighbours

All tiles have the same size, so their buffers are reused. Exact mode writes ``block[tile.keep]`` to ``tile.put``: with
a halo of at least the receptive radius that equals the whole image at once, because pooling sees the same grid and
the image's own border is a border in both. Blended mode adds ``block * blend_window(tile)`` at ``tile.read``; the
windows of all tiles sum to 1 everywhere.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.settings import Triple

Slices = tuple[slice, slice, slice]
Ramp = NDArray[np.float32]


@dataclass(frozen=True)
class Tile:
    """One tile along (z, y, x).

    Attributes
    ----------
    read
        What to read from the image; at its far end it can be smaller than ``shape``.
    shape
        What the network gets: pad the far ends of what was read up to this (always a multiple of the pooling grid).
    keep
        The part of the tile that counts in exact mode, relative to ``read``.
    put
        Where that part belongs in the image.
    """

    read: Slices
    shape: Triple
    keep: Slices
    put: Slices
    ramps: tuple[Ramp, Ramp, Ramp] = field(compare=False, repr=False)


@dataclass(frozen=True)
class _Span:
    """One tile along one axis."""

    start: int
    stop: int
    length: int
    put_start: int
    put_stop: int
    ramp: Ramp


def plan_tiles(shape: Triple, tile: Triple, halo: Triple, multiple: Triple = (1, 1, 1)) -> list[Tile]:
    """Tiles that cover an image of ``shape`` (z, y, x), in row-major order.

    Parameters
    ----------
    shape, tile, halo, multiple
        Sizes in voxels: the image, the wanted tile (halos included), the overlap each side needs and the
        pooling grid. A tile is made a multiple of the grid, large enough for its halos, and no larger than the image.
    """
    axes = [_spans(*sizes) for sizes in zip(shape, tile, halo, multiple, strict=True)]
    return [_tile(z, y, x) for z, y, x in itertools.product(*axes)]


def blend_window(tile: Tile) -> NDArray[np.float32]:
    """Weights (z, y, x) for what was read; over all tiles they sum to 1 in every voxel."""
    z, y, x = tile.ramps
    window: NDArray[np.float32] = z[:, None, None] * y[:, None] * x
    return window


def round_up(size: int, multiple: int) -> int:
    """``size`` rounded up to a multiple."""
    return -(-size // multiple) * multiple


def _tile(z: _Span, y: _Span, x: _Span) -> Tile:
    spans = (z, y, x)
    return Tile(
        read=_three([slice(s.start, s.stop) for s in spans]),
        shape=(z.length, y.length, x.length),
        keep=_three([slice(s.put_start - s.start, s.put_stop - s.start) for s in spans]),
        put=_three([slice(s.put_start, s.put_stop) for s in spans]),
        ramps=(z.ramp, y.ramp, x.ramp),
    )


def _three(slices: list[slice]) -> Slices:
    z, y, x = slices
    return z, y, x


def _spans(size: int, tile: int, halo: int, multiple: int) -> list[_Span]:
    if min(size, tile, multiple) < 1 or halo < 0:
        raise ValueError(f"cannot tile {size} voxels with tiles of {tile}, halo {halo}, multiple {multiple}")
    whole = round_up(size, multiple)
    length = min(whole, round_up(max(tile, 2 * halo + multiple), multiple))
    starts = _starts(whole, length, halo, multiple)
    stops = [min(start + length, size) for start in starts]
    cuts = [0, *((stop + start) // 2 for start, stop in zip(starts[1:], stops, strict=False)), size]
    ramps = _ramps(starts, stops, size)
    return [
        _Span(start, stop, length, put_start, put_stop, ramp)
        for start, stop, put_start, put_stop, ramp in zip(starts, stops, cuts[:-1], cuts[1:], ramps, strict=True)
    ]


def _starts(whole: int, length: int, halo: int, multiple: int) -> list[int]:
    """Where tiles start: on the pooling grid, spread evenly, neighbours overlapping by at least two halos."""
    if length >= whole:
        return [0]
    step = (length - 2 * halo) // multiple * multiple
    count = -(-(whole - length) // step) + 1
    return [(whole - length) * i // (count - 1) // multiple * multiple for i in range(count)]


def _ramps(starts: list[int], stops: list[int], size: int) -> list[Ramp]:
    """For each tile, weights that fall linearly over the overlaps, made to sum to 1 along the axis."""
    raw = []
    for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        place = np.arange(start, stop) + 0.5
        left = stops[i - 1] - start if i > 0 else 0
        right = stop - starts[i + 1] if i + 1 < len(starts) else 0
        rise = np.clip((place - start) / left, 0, 1) if left > 0 else np.ones(len(place))
        fall = np.clip((stop - place) / right, 0, 1) if right > 0 else np.ones(len(place))
        raw.append(rise * fall)
    total = np.zeros(size)
    for start, stop, weights in zip(starts, stops, raw, strict=True):
        total[start:stop] += weights
    return [(w / total[a:b]).astype(np.float32) for a, b, w in zip(starts, stops, raw, strict=True)]
