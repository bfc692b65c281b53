"""A solid that is dark inside a bright wall, as cells with stained membranes are, reaches to the middle of that wall.

The network was taught on objects that end where they look different, and outlines the dark inside. What is meant is
the cell, and cells touch in the middle of what they share: there the image is brightest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from napari_apprentice.engine.prompts.growing import Piece
from napari_apprentice.engine.prompts.outlines import ball_radius, depth_in, every_which, finer
from napari_apprentice.engine.prompts.planes import Volume
from napari_apprentice.engine.prompts.window import finite

_SMOOTH = 1.0  # pixels of a slice, sigma: what is finer is no wall
_COARSEST = 2  # every second voxel of a large solid is looked at; in coarser ones no wall would be seen
_FALLS = 0.1  # share of what the image rises to the wall by which it falls beyond it: else there is no wall
_WALLS = 2.5  # distances of the wall from the outline that are looked at
_NEAREST, _FURTHEST = 0.5, 1.0  # radii of the solid, between which that is
_LEAST = 3.0  # pixels


def up_to_walls(volume: Volume, solid: Piece, smoothing: float, limits: range) -> Piece:
    """A solid and what lies between it and the middle of its wall, in slices within ``limits``; else as it was.

    Watershed of the intensity (Meyer, 1994) from the solid and from what is too far away to be of it.
    """
    radius = ball_radius(solid.mask, volume.step)
    furthest = max(_LEAST, _FURTHEST * radius)
    room = int(np.ceil(furthest)) + 2
    frame = solid.with_room((int(np.ceil(furthest / volume.step)) + 2, room, room), volume.shape)
    every = every_which(frame.mask)
    if max(every) > _COARSEST:
        return solid
    coarse = tuple(slice(None, None, n) for n in every)
    size = np.array((volume.step, 1.0, 1.0)) * every
    mask, pixels = frame.mask[coarse], finite(np.asarray(volume.read(frame.box))[coarse].astype(np.float32))
    pixels = ndimage.gaussian_filter(pixels, max(_SMOOTH, smoothing) / size)
    depth = depth_in(mask, size)
    wall = _wall(pixels, depth, furthest)
    if wall is None:
        return solid
    reach = max(_LEAST, float(np.clip(_WALLS * wall, _NEAREST * radius, _FURTHEST * radius)))
    rim = 2 * float(size.max())  # of both marks only that is handed on, from which the water starts
    marks = np.where(mask, 1, np.where(depth <= -reach, 2, 0))
    flooded = watershed(pixels, marks, mask=(depth < rim) & (depth > -reach - rim)) == 1
    found = frame.mask | finer(flooded, every, frame.mask.shape)
    outside = np.ones(len(found), bool)
    outside[max(0, limits.start - frame.corner[0]) : max(0, limits.stop - frame.corner[0])] = False
    found[outside] = False
    return Piece(frame.corner, found).trimmed()


def _wall(pixels: NDArray[np.float32], depth: NDArray[np.float64], furthest: float) -> float | None:
    """How far beyond the outline the image is brightest; None where it is not dark inside and darker again outside."""
    inside = depth > 1
    if not inside.any():
        return None
    shells = [pixels[(depth <= -k) & (depth > -k - 1)] for k in range(max(2, int(furthest)))]
    bright = [float(np.median(shell)) for shell in shells if shell.size]
    dark = float(np.median(pixels[inside]))
    if len(bright) < 2 or bright[0] <= dark:
        return None
    at = int(np.argmax(bright))
    return float(at) if bright[at] - bright[-1] > _FALLS * (bright[at] - dark) else None
