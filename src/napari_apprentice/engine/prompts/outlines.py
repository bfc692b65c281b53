"""How far the outline of a solid moves, from one more click on what it lacks or has too much.

Who sees what is wrong clicks into the middle of it. So the outline that is wanted lies about as far beyond the click
as the one that there is lies before it. How far it is off elsewhere is guessed from that by kriging (a Gaussian
process): a solid that is too small at one place is a little too small everywhere, and most so nearby. Places that were
clicked before are right by now.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_apprentice.engine.prompts.solid import Mask

_BEYOND = 1.7  # distances of the click from the outline by which that moves; 2: the click was right in the middle
_EVERYWHERE = 0.4  # share of the variance that is the same all over the solid
_NEAR = 0.5  # radii of the solid in which the rest fades
_AS_DEEP = 0.85  # distances of the click from the outline in which it fades, where that is further
_NOISE = 0.1  # of a standard deviation, by which a click tells the outline wrongly
# Radii from which an error is less and less one of the whole outline, and at twice as many none: what is missing, and
# what is too much, which is sooner a piece of something else.
_LARGE, _LARGE_AWAY = 0.4, 0.2
_LEAST = 0.5  # pixels by which a click at the outline moves it
_VOXELS = 1_000_000  # of a frame; distances in larger ones are taken from every second voxel, or every third ...

Place = tuple[int, int, int]


def moved(mask: Mask, at: Place, before: Sequence[Place], step: float, *, remove: bool) -> Mask:
    """The solid (Z, Y, X) after a click at ``at``, which is in the solid where it takes away, else beside it.

    ``before`` are the voxels clicked earlier; a slice is ``step`` pixels thick.
    """
    size = np.array((step, 1.0, 1.0))
    radius = ball_radius(mask, step)
    every = every_which(mask)
    depth = depth_in(mask[tuple(slice(None, None, n) for n in every)], size * every)
    off = abs(float(depth[tuple(i // n for i, n in zip(at, every, strict=True))]))
    change = (-1 if remove else 1) * _BEYOND * max(_LEAST, off)
    places = size * np.array([at, *before], float)
    near = max(_NEAR * radius, _AS_DEEP * off, 1.0)
    shared = _EVERYWHERE * float(np.clip(2 - off / ((_LARGE_AWAY if remove else _LARGE) * radius), 0, 1))
    squares = ((places[:, None] - places[None]) ** 2).sum(axis=-1)
    alike = shared + (1 - shared) * np.exp(-squares / (2 * near**2)) + _NOISE**2 * np.eye(len(places))
    weights = np.linalg.solve(alike, np.array([change, *(0.0,) * len(before)]))
    shift = np.full(depth.shape, shared * weights.sum())
    for place, weight in zip(places, weights, strict=True):
        z, y, x = (
            np.exp(-((np.arange(n) * width - middle) ** 2) / (2 * near**2))
            for n, width, middle in zip(depth.shape, size * every, place, strict=True)
        )
        shift += (1 - shared) * weight * (z[:, None, None] * y[:, None] * x)
    inside, grows = depth + shift > 0, shift > 0
    if max(every) > 1:
        inside, grows = (finer(one, every, mask.shape) for one in (inside, grows))
    after: Mask = np.where(grows, mask | inside, mask & inside)
    after[at] = not remove
    return after


def ball_radius(mask: Mask, step: float) -> float:
    """Of the ball of the same volume, in pixels of a slice."""
    return float((3 * mask.sum() * step / (4 * np.pi)) ** (1 / 3))


def nearest(mask: Mask, at: Place, step: float) -> float:
    """How far a voxel lies from the nearest one of a mask, in pixels of a slice; infinite where that is empty."""
    there = (np.argwhere(mask) - at) * (step, 1.0, 1.0)
    return float(np.sqrt((there**2).sum(axis=1).min(initial=np.inf)))


def every_which(mask: Mask) -> Place:
    """Every which voxel along each axis is enough."""
    every = max(1, int(np.ceil((mask.size / _VOXELS) ** (1 / 3))))
    z, y, x = (min(every, n) for n in mask.shape)
    return (z, y, x) if mask[::z, ::y, ::x].any() else (1, 1, 1)


def depth_in(mask: Mask, size: NDArray[np.float64]) -> NDArray[np.float64]:
    """How deep each voxel lies inside, negative outside; the solid goes on beyond the edges that it reaches."""
    inside = ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"), size)[1:-1, 1:-1, 1:-1]
    half = size.min() / 2
    return np.asarray(np.where(mask, inside - half, half - ndimage.distance_transform_edt(~mask, size)))


def finer(values: Mask, every: Place, shape: tuple[int, ...]) -> Mask:
    """Of every so many voxels, at all of them."""
    for axis, (times, n) in enumerate(zip(every, shape, strict=True)):
        values = np.repeat(values, times, axis).take(range(n), axis)
    return values
