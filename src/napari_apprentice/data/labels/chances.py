"""How likely each place is wrong, as what the user said of others so far corrects what the network's doubt says.

A logistic regression on few traits of a place: how doubtful it was found, whether it is an object, how much smaller or
larger than usual, whether the image ends there, and how likely it is mended by joining, cutting or deleting. Without
answers it says the doubt itself. Each answer draws the weights away from that: when small ones were approved, small
ones count less, and what is like the wrong ones counts more. How far they are drawn is set by a Gaussian prior around
no change (Bishop, Pattern Recognition and Machine Learning, 2006, 4.5), the same for all traits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.doubts import Doubts

Traits = NDArray[np.float64]
_LEVELS = np.array(
    [-4.0, -2.0, 0.0, 2.0, 4.0]
)  # logarithms of the odds of a doubt: answers at one say little of others
_OTHERS = 7
TRAITS = 1 + 2 * len(_LEVELS) + _OTHERS
_PRECISION = 2.0  # of each weight, before there are answers
_STEPS = 12  # of Newton's method
_CLOSE = 1e-4
_LEAST, _MOST = 1e-4, 1 - 1e-4  # of a doubt


def traits_of(doubts: Doubts, shape: Sequence[int]) -> Traits:
    """What is known of each place (n, `TRAITS`) of an image of ``shape`` (t, z, y, x).

    First the logarithm of the odds of its doubt; then how near that is to each of a few levels, of objects and of
    places without one; then how much smaller and larger than usual an object is, whether it lies at an end of the
    image, its three chances to be mended, and whether a place without an object lies at an end.
    """
    values = np.clip(doubts.values, _LEAST, _MOST)
    odds = np.log(values / (1 - values))
    levels, missed = _near(odds), doubts.missed.astype(float)
    wide = np.log(np.maximum(np.diff(doubts.boxes[:, 1:], axis=2)[..., 0], 1)).sum(axis=1) / 2
    usual = float(np.median(wide[~doubts.missed])) if (~doubts.missed).any() else 0.0
    sides = [axis for axis in (1, 2, 3) if shape[axis] > 1]
    ends = (doubts.boxes[:, sides, 0] <= 0) | (doubts.boxes[:, sides, 1] >= np.array([shape[axis] for axis in sides]))
    at_end = ends.any(axis=1)
    others = np.c_[np.maximum(usual - wide, 0), np.maximum(wide - usual, 0), at_end, doubts.mends.chances]
    object_ = (1 - missed)[:, None]
    found: Traits = np.c_[odds, levels * object_, levels * missed[:, None], others * object_, missed * at_end]
    return found


def _near(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """How near (n, levels) logarithms of odds are to each level: those of two neighbours add up to 1."""
    odds = np.clip(odds, _LEVELS[0], _LEVELS[-1])
    below = np.clip(np.searchsorted(_LEVELS, odds) - 1, 0, len(_LEVELS) - 2)
    share = (odds - _LEVELS[below]) / (_LEVELS[below + 1] - _LEVELS[below])
    found, rows = np.zeros((len(odds), len(_LEVELS))), np.arange(len(odds))
    found[rows, below], found[rows, below + 1] = 1 - share, share
    return found


class Chances:
    """The regression, and what it says; begins with what the network's doubt says."""

    def __init__(self) -> None:
        self._weights = np.zeros(TRAITS - 1)

    def learn(self, traits: Traits, wrong: NDArray[np.bool_]) -> None:
        """Take all answers so far, in place of those of before: places (n, `TRAITS`) and which were wrong (n,)."""
        weights, known = np.zeros(TRAITS - 1), traits[:, 1:]
        for _ in range(_STEPS if len(traits) else 0):
            p = _logistic(traits[:, 0] + known @ weights)
            slope = known.T @ (p - wrong) + _PRECISION * weights
            curve = (known * (p * (1 - p))[:, None]).T @ known + _PRECISION * np.eye(TRAITS - 1)
            step = np.linalg.solve(curve, slope)
            weights = weights - step
            if np.abs(step).max() < _CLOSE:
                break
        self._weights = weights

    def of(self, traits: Traits) -> NDArray[np.float64]:
        """How likely each place (n, `TRAITS`) is wrong."""
        return _logistic(traits[:, 0] + traits[:, 1:] @ self._weights)


def _logistic(value: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(value, -30, 30)))
    return found
