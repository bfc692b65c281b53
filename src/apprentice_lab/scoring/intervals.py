"""How sure a score is: the percentile bootstrap (Efron 1979) over groups of images.

Neighbouring tiles of one field of view are alike, so whole groups are drawn, not images. A score is a ratio of two
sums over images: pooled, say true positives over all that were found or missed; averaged, scores over their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_DRAWS = 2000
_INSIDE = (2.5, 97.5)  # percentiles: 95 % confidence


@dataclass(frozen=True)
class Estimate:
    """A score with its 95 % confidence interval; None where one group alone says nothing about others."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Resampled:
    """Scores of all images (scores,) and of every draw (draws, scores), which is None for a single group."""

    values: Floats
    draws: Floats | None

    def estimates(self) -> list[Estimate]:
        """Each score with its interval."""
        if self.draws is None:
            return [Estimate(float(value)) for value in self.values]
        low, high = np.nanpercentile(self.draws, _INSIDE, axis=0)
        return [Estimate(float(v), float(a), float(b)) for v, a, b in zip(self.values, low, high, strict=True)]

    def with_mean_of(self, columns: slice) -> Resampled:
        """The same with one more score, the mean of some."""
        draws = None if self.draws is None else _with_mean(self.draws, columns)
        return Resampled(_with_mean(self.values, columns), draws)


def ratios(
    parts: ArrayLike, wholes: ArrayLike, groups: Sequence[str], *, seed: int = 0, draws: int = _DRAWS
) -> Resampled:
    """Sum of parts over sum of wholes, of all images and of groups drawn with replacement, as many as there are.

    Parameters
    ----------
    parts, wholes
        (images, scores). Where the wholes sum to 0 nothing was there and nothing was found: the score is 1.
    groups
        The group of each image.
    seed
        Same seed, same draws: scores of two methods on the same images are drawn together.
    draws
        How many.
    """
    names, member = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    part, whole = (_by_group(table, member, len(names)) for table in (parts, wholes))
    values = _ratio(part.sum(axis=0), whole.sum(axis=0))
    if len(names) < 2:
        return Resampled(values, None)
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws).astype(float)
    return Resampled(values, _ratio(times @ part, times @ whole))


def means(scores: ArrayLike, groups: Sequence[str], *, seed: int = 0, draws: int = _DRAWS) -> Resampled:
    """The mean over images of scores (images, scores); NaN, a score an image does not have, is left out."""
    table = np.asarray(scores, float)
    there = np.isfinite(table)
    return ratios(np.where(there, table, 0.0), there, groups, seed=seed, draws=draws)


def _by_group(table: ArrayLike, member: NDArray[np.intp], count: int) -> Floats:
    rows = np.asarray(table, float)
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, member, rows)
    return sums


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.ones_like(part), where=whole > 0)


def _with_mean(table: Floats, columns: slice) -> Floats:
    return np.concatenate([table, table[..., columns].mean(axis=-1, keepdims=True)], axis=-1)
