"""Simulated users who click until a mask is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

MOST = 20
Mask = NDArray[np.bool_]
# From a click (y, x), and whether it takes away, to the mask that is shown then.
Click = Callable[[tuple[float, float], bool], Mask]


@dataclass(frozen=True)
class User:
    """``inner`` is where in the error is clicked: 1 its middle, .5 anywhere in its inner half; ``blind`` in pixels."""

    inner: float = 1.0
    stray: float = 0.0
    blind: float = 0.0

    def next_click(self, mask: Mask, truth: Mask, rng: np.random.Generator) -> tuple[tuple[float, float], bool] | None:
        """The next click on the largest error, and whether it takes away; None when nothing wrong is seen."""
        best, at = 0.0, None
        for wrong, remove in ((truth & ~mask, False), (mask & ~truth, True)):
            depth = ndimage.distance_transform_edt(np.pad(wrong, 1))[1:-1, 1:-1]
            if depth.max() > max(best, self.blind):
                best, at = float(depth.max()), (depth, remove)
        if at is None:
            return None
        depth, remove = at
        if self.inner < 1:
            parts, _ = ndimage.label(depth > 0)
            there = np.argwhere((parts == parts.flat[int(depth.argmax())]) & (depth >= self.inner * best))
            y, x = there[rng.integers(len(there))]
        else:
            y, x = np.unravel_index(int(depth.argmax()), depth.shape)
        point = (float(y), float(x))
        if self.stray and rng.random() < 0.05:
            y, x = (np.clip(v + rng.normal(0, self.stray), 0, n - 1) for v, n in zip(point, mask.shape, strict=True))
            point = (float(y), float(x))
        return point, remove


EXACT = User()
SLOPPY = User(inner=0.5, stray=3.0, blind=2.0)


def ious_of(click: Click, truth: Mask, user: User, rng: np.random.Generator, until: float = 0.9) -> list[float]:
    """IoU after each click, until that is reached, nothing wrong is seen or `MOST` clicks are made."""
    mask = np.zeros(truth.shape, bool)
    found: list[float] = []
    while len(found) < MOST and (not found or found[-1] < until):
        asked = user.next_click(mask, truth, rng)
        if asked is None:
            break
        mask = click(*asked)
        found.append(float((mask & truth).sum() / max(1, (mask | truth).sum())))
    return found


def clicks_to(ious: Sequence[float], goal: float) -> int:
    """The click that first reached this IoU; `MOST` + 1 when none did."""
    return next((i for i, iou in enumerate(ious, start=1) if iou >= goal), MOST + 1)
