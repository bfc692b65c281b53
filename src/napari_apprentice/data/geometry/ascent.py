"""Which peak of a height map each voxel climbs to, going to the highest of its face neighbours until none is higher.

This is the watershed by the way of a drop of water (Cousty et al., IEEE TPAMI 2009), upside down. Of equal heights the
voxel that comes first in the array counts as higher, so that every way ends, on plateaus too.

Blocks are climbed one by one. A way that leaves its block ends there in a part of its own, which is then led on:

    block 1 | block 2
      > > > | > > ^ <      the part in block 1 leads to the part in block 2, and both have one peak
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.geometry.blocks import Block, Size, blocks, each, position_within, widen

_Ends = tuple[np.ndarray, np.ndarray, np.ndarray]  # of the parts of a block: last voxel, where that leads, voxels
_LOWEST = np.finfo(np.float32).min
_HERE = (0, 0, 0)


@dataclass(frozen=True)
class AscentParts:
    """Voxels that climb together, and the peaks they climb to."""

    number: np.ndarray  # (Z, Y, X) int32, parts from 1, 0 outside
    size: np.ndarray  # voxels of each part; entry 0 is 0
    peak: np.ndarray  # of each part, from 1 in the order of the array; entry 0 is 0
    at: np.ndarray  # where in the flat array each peak is; entry 0 is the first peak


def climb(height: np.ndarray, inside: np.ndarray, size: Size | None = None) -> AscentParts:
    """The parts of the voxels `inside` (Z, Y, X) of a height map (Z, Y, X) float32.

    Peaks, and what climbs to them, do not depend on the ``size`` of the blocks; parts do.
    """
    number = np.zeros(height.shape, np.int32)
    boxes = blocks(height.shape, size)
    found = each(lambda box: _climb(height, inside, number[box], box), boxes)
    ends, leads, sizes = (np.concatenate(one) for one in zip(*found, strict=True))
    before = np.cumsum([0] + [len(last) for last, _, _ in found], dtype=np.int32)

    def count_on(index: int) -> None:
        part = number[boxes[index]]
        np.add(part, before[index], out=part, where=part > 0)

    each(count_on, range(1, len(boxes)))
    peak, at = _led_on(np.r_[0, number.ravel()[leads]], ends)
    return AscentParts(number, np.r_[0, sizes], peak, at)


def _led_on(follower: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The peak of each part and where peaks are, from the part that each leads to and the voxels where they end."""
    follower = _followed(follower)
    tops = np.unique(follower[1:])
    tops = tops[np.argsort(ends[tops - 1])]
    rank = np.zeros(len(follower), np.int32)
    rank[tops] = np.arange(1, len(tops) + 1)
    return rank[follower], ends[tops - 1]


def _climb(height: np.ndarray, inside: np.ndarray, number: np.ndarray, box: Block) -> _Ends:
    """Number the parts of a block from 1."""
    mine = np.ascontiguousarray(inside[box])
    if not mine.any():
        return (np.zeros(0, np.int64),) * 3
    moves = _moves(height.shape)
    way = _ways(_framed(height, inside, box), moves)
    way[~mine] = moves.index(_HERE)
    here = np.arange(mine.size)
    up = (np.array(moves) @ _strides(mine.shape))[_kept_in(way, moves)].ravel()
    up += here
    ends = np.flatnonzero((up == here) & mine.ravel())
    rank = np.zeros(mine.size, np.int32)
    rank[ends] = np.arange(1, len(ends) + 1)
    part = rank[_followed(up)]
    number[:] = part.reshape(mine.shape)
    place = np.stack(np.unravel_index(ends, mine.shape), axis=1) + [at.start for at in box]
    lead = place + np.array(moves)[way.ravel()[ends]]
    to = _strides(height.shape)
    return place @ to, lead @ to, np.bincount(part, minlength=len(ends) + 1)[1:]


def _framed(height: np.ndarray, inside: np.ndarray, box: Block) -> np.ndarray:
    """The heights of a block and of the voxels around it, -inf where it is not inside."""
    frame = np.full([at.stop - at.start + 2 for at in box], -np.inf, np.float32)
    wide = widen(box, (1, 1, 1), (1, 1, 1), height.shape)
    z, y, x = (slice(at.start - 1, at.stop + 1) for at in box)
    # What is no number is low, not outside: else its way could lead there.
    np.fmax(height[wide], _LOWEST, out=frame[position_within((z, y, x), wide)], where=inside[wide])
    return frame


def _moves(shape: Size) -> list[tuple[int, int, int]]:
    """Steps to the face neighbours and none, in the order of the array."""
    steps = [_HERE]
    for axis in reversed(range(3)):
        if shape[axis] > 1:
            z, y, x = (int(i == axis) for i in range(3))
            steps = [(-z, -y, -x), *steps, (z, y, x)]
    return steps


def _ways(frame: np.ndarray, moves: list[tuple[int, int, int]]) -> np.ndarray:
    """Which of the moves leads to the highest; the first of equals."""
    views = [frame[tuple(slice(1 + d, n - 1 + d) for d, n in zip(move, frame.shape, strict=True))] for move in moves]
    best = views[0].copy()
    way = np.zeros(best.shape, np.int8)
    for code, view in enumerate(views[1:], start=1):
        np.maximum(way, (view > best).view(np.int8) * np.int8(code), out=way)
        np.maximum(best, view, out=best)
    return way


def _kept_in(way: np.ndarray, moves: list[tuple[int, int, int]]) -> np.ndarray:
    """The same moves, but none that leaves the block."""
    stay, kept = moves.index(_HERE), way.copy()
    for code, move in enumerate(moves):
        if code != stay:
            face = kept[tuple(slice(None) if d == 0 else -1 if d > 0 else 0 for d in move)]
            face[face == code] = stay
    return kept


def _followed(to: np.ndarray) -> np.ndarray:
    """Where chains end: each entry says which follows it, the last of a chain names itself."""
    further = np.empty_like(to)
    while True:
        np.take(to, to, out=further, mode="clip")  # "raise" would copy
        if np.array_equal(further, to):
            return to
        to, further = further, to


def _strides(shape: Size) -> np.ndarray:
    return np.array([shape[1] * shape[2], shape[2], 1])
