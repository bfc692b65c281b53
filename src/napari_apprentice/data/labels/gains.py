"""Whether one proposal is better than another on the same objects, and how sure that is.

Both are counted object by object (`scores.matches_by_object`), or for classes stroke by stroke, and the difference of
their scores is drawn again and again with other objects (paired percentile bootstrap, Efron 1979).

Of a handful of objects a bootstrap is too sure of itself: where three of eight are found that were missed, and nothing
changes for the others, hardly any draw says otherwise. So the lower end is computed with one object more, of which the
old proposal is all right and the new one all wrong, and the upper end with one of which it is the other way round. Then
five of eight have to be gained, and none lost, before the interval leaves 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from skimage import measure

from napari_apprentice.data.labels.corrections import AS_LABELLED, UNKNOWN
from napari_apprentice.data.labels.scores import matches_by_object

Floats = NDArray[np.float64]

CONFIDENCE = 0.9
_DRAWS = 2000
_CELL = 64  # pixels: of classes a stroke, or area, counts once in each cell of this size
_NOTHING = -1


@dataclass(frozen=True)
class Tally:
    """A proposal counted on units (objects, strokes): ``right`` and ``every`` (units, scores), what is right of what.

    A score is the ratio of the sums; ``weights`` (scores,) make one number of them.
    """

    right: Floats
    every: Floats
    weights: Floats

    def __add__(self, other: Tally) -> Tally:
        return Tally(np.concatenate([self.right, other.right]), np.concatenate([self.every, other.every]), self.weights)

    @property
    def score(self) -> float:
        """All units together."""
        return float(_scores(self.right.sum(axis=0)[None], self.every.sum(axis=0)[None], self.weights)[0])

    @property
    def score_at_first(self) -> float:
        """The same of the first score alone: of objects average precision at the first IoU threshold."""
        right, every = self.right[:, 0].sum(), self.every[:, 0].sum()
        return float(right / every) if every > 0 else 1.0


@dataclass(frozen=True)
class Gain:
    """By how much a score went up, and the ends of its interval."""

    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether it is better, and hardly by chance."""
        return self.low > 0

    @property
    def is_loss(self) -> bool:
        """Whether it is worse, and hardly by chance."""
        return self.high < 0


def objects_tally(
    truth: NDArray[np.uint32],
    found: NDArray[np.uint32],
    confirmed: NDArray[np.uint8],
    thresholds: Sequence[float],
    *,
    sections: bool = True,
) -> Tally:
    """Objects; the score is the mean of average precision at the first IoU threshold and that over all of them."""
    right, every = matches_by_object(truth, found, confirmed, thresholds, sections=sections)
    weights = np.full(len(thresholds), 0.5 / len(thresholds))
    weights[0] += 0.5
    return Tally(right.astype(float), every.astype(float), weights)


def classes_tally(
    truth: NDArray[np.uint32], found: NDArray[np.uint32], confirmed: NDArray[np.uint8], values: Sequence[int]
) -> Tally:
    """Strokes, or parts of large areas (arrays (Z, Y, X)); the score is the mean Dice of the classes that are there.

    A stroke is often right or wrong all along, so that its pixels, or pieces of it, are not so many witnesses.
    """
    z, y, x = np.nonzero(confirmed)
    said = np.where(confirmed[z, y, x] == AS_LABELLED, truth[z, y, x], 0)
    got = found[z, y, x]
    across, along = -(-truth.shape[2] // _CELL), -(-truth.shape[1] // _CELL)
    stroke = _strokes(truth, confirmed)[z, y, x]
    cells = np.unique((stroke * along + y // _CELL) * across + x // _CELL, return_inverse=True)[1]
    count = int(cells.max(initial=-1)) + 1
    right, every = np.zeros((count, len(values))), np.zeros((count, len(values)))
    for k, value in enumerate(values):
        one, other = said == value, got == value
        right[:, k] = 2 * np.bincount(cells[one & other], minlength=count)
        every[:, k] = np.bincount(cells[one], minlength=count) + np.bincount(cells[other], minlength=count)
    return Tally(right, every, np.full(len(values), 1 / max(1, len(values))))


def _strokes(truth: NDArray[np.uint32], confirmed: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Numbers of what is confirmed as the same and hangs together in its slice, (Z, Y, X); 0 where nothing is."""
    said = np.where(confirmed == AS_LABELLED, truth.astype(np.int64), 0)
    said[confirmed == UNKNOWN] = _NOTHING
    strokes, count = np.zeros(said.shape, np.int64), 0
    for plane, out in zip(said, strokes, strict=True):
        if (plane == _NOTHING).all():
            continue
        numbers = measure.label(plane, background=_NOTHING, connectivity=2)
        out[...] = np.where(numbers > 0, numbers + count, 0)
        count += int(numbers.max())
    return strokes


def gain_of(before: Tally, after: Tally, *, seed: int = 0) -> Gain:
    """What is gained from one proposal to the other, counted on the same units."""
    counts = np.maximum(before.every, after.every)
    there = counts.any(axis=1)
    old, new = (Tally(one.right[there], one.every[there], one.weights) for one in (before, after))
    typical = counts[there].mean(axis=0) if there.any() else np.ones(counts.shape[1])
    against, towards = _with(old, typical, typical), _with(new, 0 * typical, typical)
    low = np.percentile(_differences(against, towards, seed), 50 * (1 - CONFIDENCE))
    against, towards = _with(old, 0 * typical, typical), _with(new, typical, typical)
    high = np.percentile(_differences(against, towards, seed), 50 * (1 + CONFIDENCE))
    return Gain(after.score - before.score, float(low), float(high))


def gain_of_values(before: Floats, after: Floats) -> Gain:
    """What is gained in a number that each of two or more objects has, (objects,): Student's interval of the pairs."""
    apart = after - before
    gained = float(apart.mean())
    reach = float(stats.t.ppf(0.5 * (1 + CONFIDENCE), len(apart) - 1) * apart.std(ddof=1) / np.sqrt(len(apart)))
    return Gain(gained, gained - reach, gained + reach)


def _with(tally: Tally, right: Floats, every: Floats) -> Tally:
    """The same with one unit more."""
    return tally + Tally(right[None], every[None], tally.weights)


def _differences(old: Tally, new: Tally, seed: int) -> Floats:
    count = len(old.every)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=_DRAWS).astype(float)
    after, before = (_scores(times @ one.right, times @ one.every, one.weights) for one in (new, old))
    return after - before


def _scores(right: ArrayLike, every: ArrayLike, weights: Floats) -> Floats:
    """Ratios (draws, scores) as one number each; of what is not there nothing counts, and 1 where nothing is."""
    part, whole = np.asarray(right, float), np.asarray(every, float)
    is_there = whole > 0
    ratio = np.divide(part, whole, out=np.zeros_like(part), where=is_there)
    share = (is_there * weights).sum(axis=1)
    out: Floats = np.divide((ratio * weights).sum(axis=1), share, out=np.ones(len(share)), where=share > 0)
    return out
