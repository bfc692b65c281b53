"""One object of a volume, asked for click by click: from a slice and sections first, then by how outlines move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.engine.prompts import dialogue
from napari_apprentice.engine.prompts.dialogue import Asked, Mask, Predict
from napari_apprentice.engine.prompts.growing import Piece, grown, joined
from napari_apprentice.engine.prompts.outlines import ball_radius, moved, nearest
from napari_apprentice.engine.prompts.planes import Volume
from napari_apprentice.engine.prompts.ridges import up_to_walls
from napari_apprentice.engine.prompts.sections import looked_over
from napari_apprentice.engine.prompts.solid import parts_at, radius, spread, without_parts_at

# Noisy volumes are seen smoothed (pixels of a slice, sigma): the network says itself of which it is surest.
SMOOTHINGS = (0.0, 1.5, 3.0)
_REACH = 320  # pixels around a click that are read for the first look
_FURTHER = 2  # how often twice as many
_FADES = 1.5  # radii along z after which the correction of a slice is gone where nothing else is clicked
_MUCH = 0.8  # radii of the object from which an error is not one of its outline
_ANEW = 0.3  # radii of the object from which what is missing is asked for as if nothing were known
_SAME = 0.5  # share of the object that lies in what is found so: it is the same one

Voxel = tuple[float, float, float]
BoxInSlice = tuple[int, tuple[float, float, float, float]]


@dataclass(frozen=True)
class AskedVolume:
    """What was asked about one object of a volume, and what came of it: ``mask`` (Z, Y, X) with its first voxel.

    Clicks are (z, y, x); ``box`` is a slice and (top, left, bottom, right) in it; ``iou`` a guess for the slice last
    asked. ``smoothing`` is what the volume needs; it may be handed on to the next object, whose first look is shorter
    then.
    """

    add: tuple[Voxel, ...] = ()
    remove: tuple[Voxel, ...] = ()
    box: BoxInSlice | None = None
    corner: tuple[int, int, int] = (0, 0, 0)
    mask: Mask | None = field(default=None, compare=False)
    iou: float = 0.0
    smoothing: float | None = None

    @property
    def piece(self) -> Piece | None:
        """The mask where it lies; None where there is none."""
        return None if self.mask is None or not self.mask.any() else Piece(self.corner, self.mask)

    @property
    def slices(self) -> set[int]:
        """In which something was asked: clicks in others leave them alone."""
        return {round(at[0]) for at in (*self.add, *self.remove)} | (set() if self.box is None else {self.box[0]})


def click(
    volume: Volume,
    asked: AskedVolume,
    at: Voxel,
    predict: Predict,
    *,
    remove: bool = False,
    within: tuple[int, int] | None = None,
) -> AskedVolume:
    """One more click at ``at`` (z, y, x), which adds or takes away.

    The first finds the object in its slice and, from there, in the others. Later ones move its outline, most so near
    them; where much is missing or too much, they ask for their slice again, and correct those up to the next slices in
    which something was asked less and less. Where a large piece is missing, as of half an object that is repaired, and
    nothing was taken away, what is found there anew is added, if that is the same object. One that adds where the
    object is, or takes away where it is not, changes nothing. Only slices from ``within[0]`` up to but not with
    ``within[1]`` are looked at and changed.
    """
    more = replace(asked, remove=(*asked.remove, at)) if remove else replace(asked, add=(*asked.add, at))
    limits = range(*(within or (0, volume.shape[0])))
    if (piece := asked.piece) is not None:
        return _corrected(volume, more, asked, piece, predict, limits)
    if remove:
        return more
    z, y, x = at
    found = _first(
        volume,
        more,
        round(z),
        (y, x),
        lambda plane, top, left: dialogue.click(plane, Asked(), (y - top, x - left), predict),
    )
    return _in_volume(volume, found, round(z), predict, limits)


def draw_box(
    volume: Volume,
    z: int,
    box: tuple[float, float, float, float],
    predict: Predict,
    *,
    smoothing: float | None = None,
    within: tuple[int, int] | None = None,
) -> AskedVolume:
    """The object in a box (top, left, bottom, right) of slice ``z``."""

    def find(plane: NDArray[np.float32], top: int, left: int) -> Asked:
        return dialogue.draw_box(plane, (box[0] - top, box[1] - left, box[2] - top, box[3] - left), predict)

    asked = AskedVolume(box=(z, box), smoothing=smoothing)
    found = _first(volume, asked, z, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), find)
    return _in_volume(volume, found, z, predict, range(*(within or (0, volume.shape[0]))))


def _first(
    volume: Volume,
    asked: AskedVolume,
    z: int,
    middle: tuple[float, float],
    find: Callable[[NDArray[np.float32], int, int], Asked],
) -> AskedVolume:
    """The object in one slice, from the plane in which the network is surest of it."""
    levels = SMOOTHINGS if asked.smoothing is None else (asked.smoothing,)
    found = asked
    for further in range(_FURTHER + 1):
        box = _around(volume, z, middle, _REACH * 2**further)
        found = replace(asked, mask=None, iou=0.0)
        for smoothing in levels:
            one = find(volume.plane(box, 0, smoothing), box[1].start, box[2].start)
            if one.mask is not None and one.mask.any() and one.iou > found.iou:
                corner = (z, box[1].start, box[2].start)
                found = replace(asked, corner=corner, mask=one.mask[None], iou=one.iou, smoothing=smoothing)
        if found.mask is None or not _goes_on(found.mask[0], box, volume):
            break
    if (piece := found.piece) is None:
        return asked
    piece = piece.trimmed()
    return replace(found, corner=piece.corner, mask=piece.mask)


def _in_volume(volume: Volume, asked: AskedVolume, z: int, predict: Predict, limits: range) -> AskedVolume:
    if (piece := asked.piece) is None or len(limits) < 2:
        return asked
    smoothing = asked.smoothing or 0.0
    whole = looked_over(volume, grown(volume, piece, smoothing, predict, limits), smoothing, predict, limits)
    whole = up_to_walls(volume, whole, smoothing, limits)
    mask = parts_at(whole.mask, _voxels(asked.add, whole))
    whole = Piece(whole.corner, mask).trimmed()
    return replace(asked, corner=whole.corner, mask=whole.mask)


def _corrected(
    volume: Volume, asked: AskedVolume, earlier: AskedVolume, piece: Piece, predict: Predict, limits: range
) -> AskedVolume:
    """The object after one more click on it: its slice is asked again and, unless much is wrong, its outline moves."""
    remove = len(asked.remove) > len(earlier.remove)
    at = (asked.remove if remove else asked.add)[-1]
    before = joined([piece, Piece((round(at[0]), round(at[1]), round(at[2])), np.zeros((1, 1, 1), bool))])
    before = before.with_room((1, 1, 1), volume.shape)
    (here,) = _voxels([at], before)
    if before.mask[here] != remove:
        return asked
    wrong = nearest(before.mask != remove, here, volume.step)
    radii = wrong / ball_radius(before.mask, volume.step)
    if radii > _ANEW and not asked.remove and (whole := _with_what_is_found(volume, asked, piece, predict, limits)):
        return whole
    is_much = radii > _MUCH
    room = 0 if remove or is_much else int(np.ceil(2 * wrong))
    near = before.with_room((int(np.ceil(room / volume.step)), room, room), volume.shape)
    wide = max(piece.mask.shape[1:]) + 32
    frame = near.with_room((round(_FADES * wide / volume.step) + 1, wide, wide), volume.shape)
    solid, iou = _slice_corrected(volume, asked, frame, at, predict, remove, limits)
    if not is_much:
        (here,) = _voxels([at], near)
        outline = moved(near.mask, here, _voxels((*earlier.add, *earlier.remove), near), volume.step, remove=remove)
        z, y, x = (slice(s.start - i, s.stop - i) for s, i in zip(near.box, frame.corner, strict=True))
        both = np.logical_and if remove else np.logical_or
        of_near = _within(limits, near)
        solid[z, y, x][of_near] = both(solid[z, y, x][of_near], outline[of_near])
    clicked = parts_at(solid, _voxels(asked.add, frame))
    apart = without_parts_at(frame.mask, _voxels((*asked.add, *asked.remove), frame))
    after = replace(frame, mask=clicked | (solid & apart)).trimmed()
    return replace(asked, corner=after.corner, mask=after.mask, iou=iou)


def _with_what_is_found(
    volume: Volume, asked: AskedVolume, piece: Piece, predict: Predict, limits: range
) -> AskedVolume | None:
    """The object and what a first click at the newest one finds; None where that is something else."""
    there = AskedVolume(smoothing=asked.smoothing)
    anew = click(volume, there, asked.add[-1], predict, within=(limits.start, limits.stop))
    if (found := anew.piece) is None:
        return None
    both = joined([piece, found])
    shared = int(piece.mask.sum()) + int(found.mask.sum()) - int(both.mask.sum())
    if shared < _SAME * piece.mask.sum():
        return None
    return replace(asked, corner=both.corner, mask=both.mask, iou=anew.iou, smoothing=anew.smoothing)


def _slice_corrected(
    volume: Volume, asked: AskedVolume, before: Piece, at: Voxel, predict: Predict, remove: bool, limits: range
) -> tuple[Mask, float]:
    """The solid with the slice of a click asked again, and those around it corrected alike."""
    z = round(at[0])
    k = z - before.corner[0]
    mask, iou = _slice_again(volume, asked, before, at, predict, remove)
    held = asked.slices
    ends = max((i for i in held if i < z), default=None), min((i for i in held if i > z), default=None)
    low, high = (None if end is None else end - before.corner[0] for end in ends)
    fades = max(_FADES * radius(mask if mask.any() else before.mask[k]), volume.step)
    allowed = range(len(before.mask))[_within(limits, before)]
    return spread(before.mask, k, mask, volume.step, (low, high), fades, allowed), iou


def _within(limits: range, piece: Piece) -> slice:
    """The slices of a piece within limits."""
    start = piece.corner[0]
    return slice(max(0, limits.start - start), max(0, min(len(piece.mask), limits.stop - start)))


def _slice_again(
    volume: Volume, asked: AskedVolume, before: Piece, at: Voxel, predict: Predict, remove: bool
) -> tuple[Mask, float]:
    """The mask of one slice after a click in it; where none was yet, that of the nearest slice is the start."""
    z, top, left = before.corner
    k, here = round(at[0]) - z, (at[1] - top, at[2] - left)
    box = (slice(k + z, k + z + 1), *before.box[1:])
    start = before.mask[k]
    clicks: list[tuple[tuple[float, float], ...]] = [
        tuple((y - top, x - left) for i, y, x in those if round(i) == round(at[0]))
        for those in (asked.add, asked.remove)
    ]
    # the last of them is the click itself
    add, take = (clicks[0], clicks[1][:-1]) if remove else (clicks[0][:-1], clicks[1])
    if not start.any():
        filled = np.flatnonzero(before.mask.any(axis=(1, 2)))
        start = before.mask[filled[np.abs(filled - k).argmin()]]
    plane = volume.plane(box, 0, asked.smoothing or 0.0)
    found = dialogue.click(plane, Asked(add, take, mask=start), here, predict, remove=remove)
    mask = start if found.mask is None else found.mask
    return mask, found.iou


def _voxels(points: Sequence[Voxel], piece: Piece) -> list[tuple[int, int, int]]:
    found = []
    for at in points:
        z, y, x = (round(i) - first for i, first in zip(at, piece.corner, strict=True))
        if all(0 <= i < n for i, n in zip((z, y, x), piece.mask.shape, strict=True)):
            found.append((z, y, x))
    return found


def _around(volume: Volume, z: int, middle: tuple[float, float], reach: int) -> tuple[slice, slice, slice]:
    sides = [
        slice(max(0, round(at) - reach), min(length, round(at) + reach + 1))
        for at, length in zip(middle, volume.shape[1:], strict=True)
    ]
    return slice(z, z + 1), sides[0], sides[1]


def _goes_on(mask: Mask, box: tuple[slice, slice, slice], volume: Volume) -> bool:
    """Whether a mask ends at the edge of what was read where the volume goes on."""
    for axis, side in enumerate(box[1:]):
        if side.start > 0 and mask.take(0, axis).any():
            return True
        if side.stop < volume.shape[axis + 1] and mask.take(-1, axis).any():
            return True
    return False
