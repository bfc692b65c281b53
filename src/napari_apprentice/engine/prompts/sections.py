"""A solid seen once more: in a few planes of each of three directions, each told what the solid is there.

One slice and two sections through it say nothing of what lies beside them. Here every plane is asked with its part of
the solid as the mask so far, and what they say is averaged where they cross.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.engine.prompts.dialogue import Predict
from napari_apprentice.engine.prompts.growing import Piece
from napari_apprentice.engine.prompts.inputs import Prompt, image_channels, prompt_channels
from napari_apprentice.engine.prompts.planes import Volume
from napari_apprentice.engine.prompts.solid import deepest, radius
from napari_apprentice.engine.prompts.window import SMALLEST, Window

_PLANES = 5  # of each direction
_ROOM = 1.8  # edge of a window, in widths of the object
_AROUND = 0.5  # radii of the solid around it in which it may go on
_THICK = 4.0  # widths of the frame: of a slice thicker than this a section shows nothing else
_SOFT = 0.4  # radii of a section over which what it is told of it goes from inside to outside

Values = NDArray[np.float32]


def looked_over(volume: Volume, solid: Piece, smoothing: float, predict: Predict, limits: range) -> Piece:
    """A solid as planes of three directions see it, in slices within ``limits``; as it was where they see nothing."""
    wide = max(solid.mask.shape[1:])
    room = int(np.ceil(_AROUND * wide / 2)) + 2
    frame = solid.with_room((int(np.ceil(room / volume.step)), room, room), volume.shape)
    total, count = np.zeros(frame.mask.shape, np.float32), np.zeros(frame.mask.shape, np.float32)
    for axis in range(3):
        filled = np.flatnonzero(frame.mask.any(axis=tuple(i for i in range(3) if i != axis)))
        at = np.unique(np.linspace(filled[0], filled[-1], min(_PLANES, len(filled)) + 2).round()[1:-1].astype(int))
        at = np.array([k for k in at if frame.mask.take(k, axis).any()])
        if not at.size:
            continue
        seen = _seen(volume, frame, axis, at, smoothing, predict)
        between = tuple(slice(filled[0], filled[-1] + 1) if i == axis else slice(None) for i in range(3))
        total[between] += np.moveaxis(_between(at, seen, filled[0], filled[-1]), 0, axis)
        count[between] += 1
    found = total > 0.5 * np.maximum(count, 1)
    outside = np.ones(len(found), bool)
    outside[max(0, limits.start - frame.corner[0]) : max(0, limits.stop - frame.corner[0])] = False
    found[outside] = False
    return Piece(frame.corner, found).trimmed() if found.any() else solid


def _seen(volume: Volume, frame: Piece, axis: int, at: NDArray[np.int_], smoothing: float, predict: Predict) -> Values:
    """How likely each pixel of some planes of a frame is of the object, (planes, ...)."""
    inputs, windows, shapes = [], [], []
    # sections have square pixels; slices that together are thinner than a pixel are one
    upright = 1.0 if axis == 0 else max(min(volume.step, _THICK * max(frame.mask.shape[1:])), 1 / len(frame.mask))
    for k in at:
        box = [*frame.box]
        box[axis] = slice(box[axis].start + int(k), box[axis].start + int(k) + 1)
        plane = _zoomed(volume.plane((box[0], box[1], box[2]), axis, smoothing), upright)
        mask = _zoomed(frame.mask.take(k, axis).astype(np.float32), upright)
        inside = mask > 0.5
        if not inside.any():
            inside = mask >= mask.max()
        low, high = (edge(np.argwhere(inside), axis=0) for edge in (np.min, np.max))
        window = Window((float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2), _edge(high + 1 - low))
        guess = ndimage.gaussian_filter(mask, _SOFT * radius(inside))
        prompt = Prompt((window.in_window(deepest(inside)),), mask=window.seen(guess))
        inputs.append(np.concatenate([image_channels(window.seen(plane)), prompt_channels(prompt)]))
        windows.append(window)
        shapes.append((plane.shape[0], plane.shape[1]))
    likely, _ = predict(np.stack(inputs))
    found = []
    for window, one, shape in zip(windows, likely, shapes, strict=True):
        values = np.zeros(shape, np.float32)
        there, values_there = window.at_image(one, shape)
        values[there] = values_there
        rows = np.clip(((np.arange(len(frame.mask)) + 0.5) * upright).astype(int), 0, shape[0] - 1)
        found.append(values if axis == 0 else values[rows])
    return np.stack(found)


def _edge(sides: NDArray[np.int_]) -> float:
    return max(SMALLEST, _ROOM * float(sides.max()))


def _zoomed(plane: Values, upright: float) -> Values:
    if upright == 1:
        return plane
    return np.asarray(ndimage.zoom(plane, (upright, 1), order=1, mode="nearest", grid_mode=True))


def _between(at: NDArray[np.int_], seen: Values, first: int, last: int) -> Values:
    """Planes from ``first`` to ``last``, from those at ``at``: those between two are in between, the ends alike."""
    every = np.arange(first, last + 1)
    low = np.clip(np.searchsorted(at, every, side="right") - 1, 0, len(at) - 1)
    high = np.minimum(low + 1, len(at) - 1)
    share = np.clip((every - at[low]) / np.maximum(at[high] - at[low], 1), 0, 1).astype(np.float32)[:, None, None]
    return np.asarray((1 - share) * seen[low] + share * seen[high])
