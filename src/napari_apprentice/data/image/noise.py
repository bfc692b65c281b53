"""What a camera adds to an image: noise, and pixels that are bright without any light.

Slices are (Z, Y, X) or have more axes before; noise and hot pixels are looked for in the plane, since slices may lie
far apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

HOT_ABOVE, HOT_TIMES = (
    1.0,
    3.0,
)  # a hot pixel is so much, and so many times, brighter than all but one of those around it
_NORMAL = 0.6745  # the median of |x| for a normal x of standard deviation 1
_MOST = 1 << 22  # pixels that noise is measured on
_FIRST, _GROWTH, _WIDEST = 0.5, 13.0, 3.0  # pixels
WIDELY = 2.0  # pixels: smoothed so far, hardly any noise is left, and most of the contrast

Image = NDArray[np.float32]


def without_hot_pixels(values: Image) -> Image:
    """Replace hot pixels of (..., Y, X), in place: each becomes the median of the eight around it.

    Values are scaled: 1 is bright. Nothing that a lens draws is that sharp: next to the brightest pixel of the
    smallest spot there are others of a third of its brightness. Two hot pixels may touch.
    """
    if min(values.shape[-2:]) < 2:
        return values
    bright = np.argwhere(values > HOT_ABOVE)
    if not len(bright):
        return values
    *outer, y, x = bright.T
    height, width = values.shape[-2:]
    beside = [(y + j, x + i) for j in (-1, 0, 1) for i in (-1, 0, 1) if j or i]
    around = np.stack([values[(*outer, _mirrored(j, height), _mirrored(i, width))] for j, i in beside])
    around.sort(axis=0)
    second = around[-2]
    own = values[(*outer, y, x)]
    hot = (own - second > HOT_ABOVE) & (own > HOT_TIMES * second)
    values[tuple(axis[hot] for axis in (*outer, y, x))] = np.median(around[:, hot], axis=0)
    return values


def noise_of(channel: NDArray[np.generic]) -> float:
    """Standard deviation of the noise of a channel (Z, Y, X), in its own units.

    What two neighbouring second differences leave of a smooth image (Immerkær, *Fast noise variance estimation*,
    CVIU 1996), with the median in place of the mean, so that edges and hot pixels do not count.
    """
    _, height, width = channel.shape
    if height < 3 or width < 3:
        return 0.0
    some = some_slices(channel, _MOST)
    rows = max(3, _MOST // (width * len(some)))
    top = max(0, (height - rows) // 2)
    pixels = np.asarray(some[:, top : top + rows], np.float32)
    with np.errstate(invalid="ignore"):  # of infinity
        across = pixels[:, :, 2:] - 2 * pixels[:, :, 1:-1] + pixels[:, :, :-2]
        both = np.abs(across[:, 2:] - 2 * across[:, 1:-1] + across[:, :-2])
    both = both[np.isfinite(both)]
    return float(np.median(both)) / _NORMAL / 6 if both.size else 0.0


def some_slices(channel: NDArray[Any], most: int) -> NDArray[Any]:
    """Whole slices from all over a channel (Z, Y, X), at least one, of at most so many voxels together."""
    count = min(len(channel), max(1, most // max(1, channel[0].size)))
    some: NDArray[Any] = channel[np.unique(np.linspace(0, len(channel) - 1, count).round().astype(int))]
    return some


def smoothing_for(noise: float) -> float:
    """Standard deviation in pixels of the Gaussian that takes away noise, given as a share of the image's range.

    Chosen on nuclei in fluorescence with noise of .1, .2 and .4 of their range (docs/accuracy.md).
    """
    return min(_FIRST + _GROWTH * noise**2, _WIDEST)


def smooth(channel: Image, sigma: float) -> Image:
    """Smooth a channel (Z, Y, X) in the plane by ``sigma`` pixels, in place."""
    if sigma > 0:
        for z in channel:
            ndimage.gaussian_filter(z, sigma, output=z)
    return channel


def _mirrored(places: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Places along an axis, those just beyond its ends mirrored at the outermost pixel."""
    beyond = np.abs(places)
    return np.where(beyond >= length, 2 * length - 2 - beyond, beyond)
