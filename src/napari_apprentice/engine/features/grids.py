"""Where the pixels of a map lie on an image, and how values go from a coarse grid to a finer one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

_EVEN = 1e-4  # of a pixel


@dataclass(frozen=True)
class Grid:
    """So many pixels (y, x), ``step`` apart, the centre of the first one at ``origin``: both in pixels of the image."""

    shape: tuple[int, int]
    origin: tuple[float, float]
    step: tuple[float, float]

    def weighted(self, axis: int, at: NDArray[np.floating]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The pixels before and after places of the image along an axis, and the share of the latter."""
        n = self.shape[axis]
        places = np.clip((at - self.origin[axis]) / self.step[axis], 0, n - 1)
        low = np.minimum(places.astype(np.int64), max(0, n - 2))
        share = torch.from_numpy((places - low).astype(np.float32))
        return torch.from_numpy(low), torch.from_numpy(np.minimum(low + 1, n - 1)), share


def onto(values: torch.Tensor, own: Grid, other: Grid) -> torch.Tensor:
    """Values (K, h, w) float32 on another grid, linear; beyond the ends the last value goes on."""
    if own == other:
        return values
    even = _evenly(values, own, other)
    if even is not None:
        return even
    rows, columns = (other.origin[i] + other.step[i] * np.arange(other.shape[i]) for i in (0, 1))
    low, high, share = own.weighted(0, rows)
    share = share[:, None]
    values = values[:, low] * (1 - share) + values[:, high] * share
    low, high, share = own.weighted(1, columns)
    return values[:, :, low] * (1 - share) + values[:, :, high] * share


def _evenly(values: torch.Tensor, own: Grid, other: Grid) -> torch.Tensor | None:
    """The same where a pixel is a whole number of the other ones; None where it is not, or does not cover them."""
    times, first = [], []
    for axis in (0, 1):
        ratio = own.step[axis] / other.step[axis]
        begin = (other.origin[axis] - own.origin[axis]) / other.step[axis] + (ratio - 1) / 2
        if max(abs(ratio - round(ratio)), abs(begin - round(begin))) > _EVEN:
            return None
        times.append(round(ratio))
        first.append(round(begin))
        if not 0 <= first[-1] <= own.shape[axis] * times[-1] - other.shape[axis]:
            return None
    if times != [1, 1]:
        values = functional.interpolate(values[None], scale_factor=(times[0], times[1]), mode="bilinear")[0]
    (y, x), (height, width) = first, other.shape
    return values[:, y : y + height, x : x + width]
