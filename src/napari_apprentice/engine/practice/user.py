"""Simulated users who click until a mask is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

MOST = 20
_STRAYS = 0.05  # share of clicks
Mask = NDArray[np.bool_]
# A voxel, (y, x) or (z, y, x).
Point = tuple[float, ...]
# From a click, and whether it takes away, to the mask that is shown then.
Click = Callable[[Point, bool], Mask]


@dataclass(frozen=True)
class User:
    """Clicks on the largest error: the one into which the largest circle fits, as in RITM (arXiv 2102.06583).

    ``inner`` is where in it: 1 its middle, .5 anywhere in its inner half (at least half as deep as the middle).
    ``stray`` is how far 5 % of the clicks miss, and errors less than ``blind`` deep are not seen, both in pixels.
    """

    inner: float = 1.0
    stray: float = 0.0
    blind: float = 0.0

    def next_click(
        self, mask: Mask, truth: Mask, rng: np.random.Generator, spacing: Sequence[float] | None = None
    ) -> tuple[Point, bool] | None:
        """The next click, and whether it takes away; None when nothing wrong is seen. The first lies in the object.

        Masks are (Y, X) or (Z, Y, X); ``spacing`` is the size of a voxel, of which the finest counts as a pixel.
        """
        is_first = not mask.any()
        step = None if spacing is None else np.asarray(spacing) / min(spacing)
        best, found = 0.0, None
        for wrong, remove in ((truth & ~mask, False), (mask & ~truth, True)):
            box = ndimage.find_objects(wrong.astype(np.uint8))
            if not box:
                continue
            inside = (slice(1, -1),) * wrong.ndim
            depth = ndimage.distance_transform_edt(np.pad(wrong[box[0]], 1), step)[inside]
            if depth.max() > best and (is_first or depth.max() >= self.blind):
                best, found = float(depth.max()), (depth, remove, [side.start for side in box[0]])
        if found is None:
            return None
        depth, remove, start = found
        point = tuple(float(i + first) for i, first in zip(self._place(depth, rng), start, strict=True))
        if self.stray and rng.random() < _STRAYS:
            astray = self._astray(point, truth.shape, rng)
            if not is_first or truth[tuple(round(i) for i in astray)]:
                point = astray
        return point, remove

    def _place(self, depth: NDArray[np.float64], rng: np.random.Generator) -> Sequence[int]:
        """Where in errors of this depth is clicked."""
        if self.inner >= 1:
            return [int(i) for i in np.unravel_index(int(depth.argmax()), depth.shape)]
        parts, _ = ndimage.label(depth > 0)
        there = np.argwhere((parts == parts.flat[int(depth.argmax())]) & (depth >= self.inner * depth.max()))
        return [int(i) for i in there[rng.integers(len(there))]]

    def _astray(self, point: Point, shape: tuple[int, ...], rng: np.random.Generator) -> Point:
        """So far away in its plane, in any direction."""
        angle = rng.uniform(0, 2 * np.pi)
        off = (*(0.0,) * (len(point) - 2), self.stray * np.sin(angle), self.stray * np.cos(angle))
        return tuple(float(np.clip(i + by, 0, n - 1)) for i, by, n in zip(point, off, shape, strict=True))


EXACT = User()
SLOPPY = User(inner=0.5, stray=3.0, blind=2.0)


def ious_of(
    click: Click,
    truth: Mask,
    user: User,
    rng: np.random.Generator,
    until: float = 0.9,
    spacing: Sequence[float] | None = None,
    most: int = MOST,
) -> list[float]:
    """IoU after each click, until that is reached, nothing wrong is seen or ``most`` clicks are made."""
    mask = np.zeros(truth.shape, bool)
    found: list[float] = []
    while len(found) < most and (not found or found[-1] < until):
        asked = user.next_click(mask, truth, rng, spacing)
        if asked is None:
            break
        mask = click(*asked)
        found.append(float((mask & truth).sum() / max(1, (mask | truth).sum())))
    return found


def clicks_to(ious: Sequence[float], goal: float, most: int = MOST) -> int:
    """The click that first reached this IoU; ``most`` + 1 when none did."""
    return next((i for i, iou in enumerate(ious, start=1) if iou >= goal), most + 1)


def iou_after(ious: Sequence[float], clicks: int) -> float:
    """IoU after so many clicks, or after the last one where fewer were needed."""
    return ious[min(clicks, len(ious)) - 1]


def curves(runs: Sequence[Sequence[float]], clicks: int) -> NDArray[np.float64]:
    """IoU of some objects after the first clicks on each, (objects, clicks)."""
    return np.array([[iou_after(run, k + 1) for k in range(clicks)] for run in runs])
