"""Small pictures of what a model does: an image with the outlines of the truth and of what a model found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from skimage.segmentation import find_boundaries
from skimage.transform import resize

TRUTH = (60, 220, 90)
FOUND = (255, 80, 160)


def draw_outlines(pixels: np.ndarray, labels: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """Gray pixels (Y, X) as RGB uint8 with the outlines of labels drawn on top; dim parts are lifted."""
    low, high = np.percentile(pixels, [1, 99.8])
    gray = np.clip((pixels.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1) ** 0.6
    picture = np.repeat((gray * 255).astype(np.uint8)[..., None], 3, axis=2)
    picture[find_boundaries(labels, mode="inner")] = color
    return picture


def small_picture(
    pixels: np.ndarray, labels: np.ndarray, edge: int, colors: Mapping[int, str] | None = None
) -> np.ndarray:
    """Pixels (C, Y, X), RGB or the mean of channels as gray, with the outlines of labels (Y, X); RGB uint8.

    It is so small or so large that its longer side has ``edge`` pixels; outlines are one pixel of that wide. ``colors``
    are those of classes ("#rrggbb"); None: all objects have one. Pixels that are no finite numbers are dark.
    """
    height, width = labels.shape
    scale = edge / max(height, width)
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    bands = pixels if len(pixels) == len(FOUND) else pixels.astype(np.float32).mean(axis=0)[None]
    known = np.isfinite(bands)
    low, high = np.percentile(bands[known], [1, 99.8]) if known.any() else (0.0, 0.0)
    bands = np.where(known, bands, low)
    shown = np.clip((bands.astype(np.float32) - low) / max(float(high - low), 1e-6), 0, 1)
    shown = np.stack([resize(band, shape, order=1, anti_aliasing=scale < 1) for band in shown], axis=-1)
    if len(bands) == 1:
        shown = shown**0.6  # dim parts are lifted
    picture = np.ascontiguousarray(np.broadcast_to((shown * 255).astype(np.uint8), (*shape, 3)))
    picks = (((np.arange(m) + 0.5) / scale).astype(np.int64) for m in shape)
    small = labels[np.ix_(*(np.minimum(pick, n - 1) for pick, n in zip(picks, labels.shape, strict=True)))]
    edges = find_boundaries(small, mode="inner")
    if colors is None:
        picture[edges] = FOUND
    for value, color in (colors or {}).items():
        picture[edges & (small == value)] = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return picture


def busiest(labels: np.ndarray, edge: int) -> tuple[slice, slice]:
    """The window of at most `edge` pixels square with the most object voxels, on a coarse grid."""
    height, width = (min(edge, n) for n in labels.shape)
    steps = [range(0, n - m + 1, max(1, edge // 4)) for n, m in zip(labels.shape, (height, width), strict=True)]
    places = [(y, x) for y in steps[0] for x in steps[1]]
    y, x = max(places, key=lambda at: int((labels[at[0] : at[0] + height, at[1] : at[1] + width] > 0).sum()))
    return slice(y, y + height), slice(x, x + width)


def side_by_side(
    pixels: np.ndarray, truth: np.ndarray, found: np.ndarray, edge: int = 256, where: np.ndarray | None = None
) -> np.ndarray:
    """Truth (green) and what was found (pink) of (Y, X) as RGB, in the window of `edge` pixels with most of ``where``.

    ``where`` are labels or a mask (Y, X); None: the truth. A much smaller image is shown enlarged, each pixel as a
    square.
    """
    window = busiest(truth if where is None else where, edge)
    square = np.ones((max(1, edge // max(truth[window].shape)),) * 2, np.uint8)
    shown, true, seen = (np.kron(part[window], square) for part in (pixels, truth, found))
    sides: Sequence[np.ndarray] = [draw_outlines(shown, true, TRUTH), draw_outlines(shown, seen, FOUND)]
    gap = np.full((sides[0].shape[0], 4, 3), 255, np.uint8)
    return np.concatenate([sides[0], gap, sides[1]], axis=1)


def write_pair(path: Path, pixels: np.ndarray, truth: np.ndarray, found: np.ndarray, edge: int = 256) -> None:
    """Write `side_by_side` to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    iio.imwrite(path, side_by_side(pixels, truth, found, edge))
