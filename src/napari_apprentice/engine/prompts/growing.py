"""From the mask in one slice to the object in all: two sections through its middle say how it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.engine.prompts.dialogue import Mask, Predict
from napari_apprentice.engine.prompts.inputs import Prompt, image_channels, prompt_channels
from napari_apprentice.engine.prompts.planes import Box3, Volume
from napari_apprentice.engine.prompts.solid import deepest, radius, solid_of, span_at
from napari_apprentice.engine.prompts.window import SMALLEST, Window

_ROOM = 1.8  # edge of a window, in widths of the object
_TALLER = 1.6
_AGAIN = 2  # how often a section that is cut is seen from further away
_SOFT = 0.2  # widths over which the guess of a section goes from inside to outside
_OUTSIDE = 1.3  # half widths from the middle: not of the object, as the slice shows
_WIDE = 0.5  # share of the first slice's area that a slice has through which sections are laid again
_LEANS = 0.5  # radii by which one section is longer than the other
_HOPS = 6
_THICK = 4.0  # edges of a window: of a slice thicker than this the window shows nothing else
_SURE = 0.6  # IoU expected of a slice from which it goes on


@dataclass(frozen=True)
class Piece:
    """A mask (Z, Y, X) and where its first voxel lies."""

    corner: tuple[int, int, int]
    mask: Mask = field(compare=False)

    @property
    def box(self) -> Box3:
        """Where it lies."""
        z, y, x = (slice(at, at + n) for at, n in zip(self.corner, self.mask.shape, strict=True))
        return z, y, x

    def trimmed(self) -> Piece:
        """Without what is empty around it."""
        if not self.mask.any():
            return self
        box = ndimage.find_objects(self.mask.astype(np.uint8))[0]
        z, y, x = (at + side.start for at, side in zip(self.corner, box, strict=True))
        return Piece((z, y, x), self.mask[box])

    def with_room(self, room: Sequence[int], shape: Sequence[int]) -> Piece:
        """With so many voxels around it as a volume of this shape has."""
        low = [min(r, at) for r, at in zip(room, self.corner, strict=True)]
        high = [min(r, n - side.stop) for r, n, side in zip(room, shape, self.box, strict=True)]
        z, y, x = (at - less for at, less in zip(self.corner, low, strict=True))
        return Piece((z, y, x), np.pad(self.mask, list(zip(low, high, strict=True))))

    def slice_at(self, z: int) -> Piece:
        """Its slice ``z`` of the volume."""
        k = z - self.corner[0]
        return Piece((z, *self.corner[1:]), self.mask[k : k + 1]).trimmed()


def joined(pieces: Sequence[Piece]) -> Piece:
    """All of some pieces as one."""
    low = np.min([piece.corner for piece in pieces], axis=0)
    high = np.max([np.add(piece.corner, piece.mask.shape) for piece in pieces], axis=0)
    mask = np.zeros(high - low, bool)
    for piece in pieces:
        z, y, x = (slice(s.start - first, s.stop - first) for s, first in zip(piece.box, low, strict=True))
        mask[z, y, x] |= piece.mask
    return Piece((int(low[0]), int(low[1]), int(low[2])), mask)


def grown(volume: Volume, first: Piece, smoothing: float, predict: Predict, limits: range) -> Piece:
    """The object (Z, Y, X) whose mask in one slice (1, Y, X) is known, in slices within ``limits``.

    Where it leaves the sections, as a tube does that leans, they are laid again through where it was seen last.
    """
    piece, goes_on = _from_sections(volume, first, smoothing, predict, limits)
    whole = [piece]
    for side, direction in enumerate((-1, 1)):
        last, on = piece, goes_on[side]
        for _ in range(_HOPS):
            start = _last_wide(last, direction, _WIDE * first.mask.sum())
            if not on or start is None or (seen := _seen_again(volume, start, smoothing, predict)) is None:
                break
            more, ends = _from_sections(volume, seen, smoothing, predict, limits)
            if _reach(more, direction) <= _reach(last, direction):
                break
            last, on = _beyond(more, start.corner[0], direction), ends[side]
            whole.append(last)
    return joined(whole)


def _last_wide(piece: Piece, direction: int, area: float) -> Piece | None:
    """The last slice in a direction that is at least so large; None when there is none."""
    there = np.flatnonzero(piece.mask.sum(axis=(1, 2)) >= area)
    return piece.slice_at(piece.corner[0] + int(there[0 if direction < 0 else -1])) if there.size else None


def _reach(piece: Piece, direction: int) -> int:
    side = piece.box[0]
    return int(side.stop if direction > 0 else -side.start)


def _beyond(piece: Piece, z: int, direction: int) -> Piece:
    """What of a piece lies beyond a slice, and that slice."""
    k = z - piece.corner[0]
    if direction < 0:
        return Piece(piece.corner, piece.mask[: k + 1])
    return Piece((z, *piece.corner[1:]), piece.mask[k:])


def _from_sections(
    volume: Volume, first: Piece, smoothing: float, predict: Predict, limits: range
) -> tuple[Piece, tuple[bool, bool]]:
    """What two sections through the deepest pixel of a slice say of the slices around it.

    And whether it may go on below and above: it is cut there, or one section ends well before the other does.
    """
    z = first.corner[0]
    tall = _ROOM * max(2 * radius(first.mask[0]), *first.mask.shape[1:], SMALLEST / _ROOM)
    for again in range(_AGAIN + 1):
        room = [int(np.ceil(tall / 2 / volume.step)), *(int(tall / 2) for _ in range(2))]
        frame = first.with_room(room, volume.shape)
        low, high = max(limits.start, frame.box[0].start), min(limits.stop, frame.box[0].stop)
        k = z - frame.corner[0]
        mask, middle = frame.mask[k], deepest(frame.mask[k])
        sections = _sections(volume, frame, k, middle, tall, smoothing, predict)
        for section in sections:
            section[: low - frame.corner[0]] = section[high - frame.corner[0] :] = False
        solid = solid_of(mask, k, middle, sections)
        cut_below = low > limits.start and bool(solid[low - frame.corner[0]].any())
        cut_above = high < limits.stop and bool(solid[high - frame.corner[0] - 1].any())
        if not (cut_below or cut_above) or again == _AGAIN:
            break
        tall *= _TALLER
    filled = np.flatnonzero(solid.any(axis=(1, 2)))
    later = int(np.ceil(_LEANS * radius(mask) / volume.step))
    below, above = int(filled[0]) - later, int(filled[-1]) + later
    goes_on = (
        cut_below or (below >= 0 and any(bool(section[below].any()) for section in sections)),
        cut_above or (above < len(solid) and any(bool(section[above].any()) for section in sections)),
    )
    return Piece(frame.corner, solid).trimmed(), goes_on


def _sections(
    volume: Volume, frame: Piece, k: int, middle: tuple[int, int], tall: float, smoothing: float, predict: Predict
) -> tuple[Mask, Mask]:
    """The object in the planes (Z, X) and (Z, Y) of a frame through a pixel of its slice ``k``.

    The network is told how wide the object is in that slice, and a soft guess that it is as high as it is wide.
    """
    y, x = middle
    mask, (slices, rows, columns) = frame.mask[k], frame.box
    here_y, here_x = slice(rows.start + y, rows.start + y + 1), slice(columns.start + x, columns.start + x + 1)
    planes = (
        (volume.plane((slices, here_y, columns), 1, smoothing), mask[y], x),
        (volume.plane((slices, rows, here_x), 2, smoothing), mask[:, x], y),
    )
    inputs, windows, shapes = [], [], []
    step = min(volume.step, _THICK * tall)
    height, at = radius(mask), (k + 0.5) * step - 0.5
    for plane, row, column in planes:
        span = span_at(row, column)
        if span is None:
            raise ValueError("a section through no pixel of the object")
        upright = max(step, 1 / len(plane))  # slices that together are thinner than a pixel are one
        square = ndimage.zoom(plane, (upright, 1), order=1, mode="nearest", grid_mode=True)
        window = Window((at, span.middle), tall)
        off = np.indices(square.shape) - np.array((at, span.middle))[:, None, None]
        guess = _SoftDisk(height, span.half).of(off)
        outside = [window.in_window((at, span.middle + side * _OUTSIDE * span.half)) for side in (-1, 1)]
        prompt = Prompt((window.in_window((at, span.middle)),), outside, mask=window.seen(guess))
        inputs.append(np.concatenate([image_channels(window.seen(square)), prompt_channels(prompt)]))
        windows.append(window)
        shapes.append((square.shape[0], square.shape[1]))
    likely, _ = predict(np.stack(inputs))
    found = [
        _at_slices(window, one, shape, frame.mask.shape[0], step)
        for window, one, shape in zip(windows, likely, shapes, strict=True)
    ]
    return found[0], found[1]


@dataclass(frozen=True)
class _SoftDisk:
    height: float
    width: float

    def of(self, off: NDArray[np.float64]) -> NDArray[np.float32]:
        """How likely a pixel so far (y, x) from the middle is inside."""
        out = np.hypot(off[0] / self.height, off[1] / self.width) - 1
        return np.asarray(1 / (1 + np.exp(np.clip(out / (2 * _SOFT), -20, 20))), np.float32)


def _at_slices(window: Window, likely: NDArray[np.float32], shape: tuple[int, int], count: int, step: float) -> Mask:
    """A section with square pixels at the slices it goes through."""
    section = np.zeros(shape, bool)
    box, values = window.at_image(likely, shape)
    section[box] = values > 0.5
    rows = np.clip(((np.arange(count) + 0.5) * step).astype(int), 0, shape[0] - 1)
    return np.asarray(section[rows])


def _seen_again(volume: Volume, end: Piece, smoothing: float, predict: Predict) -> Piece | None:
    """A slice at which a section ends, looked at itself; None when the network does not see the object there."""
    wide = max(end.mask.shape[1:])
    frame = end.with_room((0, wide, wide), volume.shape)
    plane, mask = volume.plane(frame.box, 0, smoothing), frame.mask[0]
    y, x = (
        side.start - first + (side.stop - side.start - 1) / 2
        for side, first in zip(end.box[1:], frame.corner[1:], strict=True)
    )
    window = Window((y, x), max(SMALLEST, _ROOM * wide))
    prompt = Prompt((window.in_window(deepest(mask)),), mask=window.seen(mask))
    likely, ious = predict(np.concatenate([image_channels(window.seen(plane)), prompt_channels(prompt)])[None])
    found = np.zeros(mask.shape, bool)
    box, values = window.at_image(likely[0], mask.shape)
    found[box] = values > 0.5
    if ious[0] < _SURE or 2 * (found & mask).sum() < min(found.sum(), mask.sum()) or not found.any():
        return None
    return Piece(frame.corner, found[None]).trimmed()
