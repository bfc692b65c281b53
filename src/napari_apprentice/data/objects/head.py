"""Which class an object is of, by what is known of it: a logistic regression on few labelled ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Numbers = NDArray[np.floating]

_SHAPES = 5.0  # how much size, shape and brightness count beside what a network saw
_LOUDNESS = 3.0  # of all numbers together
_FARTHEST = 5.0  # of the usual deviations; beyond it all is the same
_DECAY = 0.01
_AT_ONCE = 1 << 12
_SAMPLED = 4096  # objects that tell what is usual


@dataclass(frozen=True, eq=False)
class Usual:
    """What each number (F,) usually is, and how far it varies among objects; the first ``own`` of them are shapes."""

    middle: Numbers
    width: Numbers
    loudness: Numbers

    @classmethod
    def of(cls, described: Numbers, own: int) -> Self:
        """Of objects (n, F)."""
        some = described[:: max(1, len(described) // _SAMPLED)].astype(np.float32)
        width = some.std(axis=0)
        loudness = np.full(described.shape[1], _LOUDNESS / np.sqrt(described.shape[1]))
        loudness[:own] *= _SHAPES
        return cls(np.median(some, axis=0), np.where(width > 0, width, 1.0), loudness)

    def even(self, described: Numbers) -> NDArray[np.float32]:
        """Numbers (n, F) that can be compared with each other."""
        found = np.clip((described.astype(np.float32) - self.middle) / self.width, -_FARTHEST, _FARTHEST)
        return np.asarray(found * self.loudness, np.float32)


@dataclass(frozen=True, eq=False)
class ClassHead:
    """Scores of classes ``values`` (K,), ascending, are even numbers times ``weights`` (F, K), and ``bias`` (K,)."""

    usual: Usual
    values: NDArray[np.int64]
    weights: Numbers
    bias: Numbers

    @classmethod
    def fit(cls, usual: Usual, described: Numbers, values: NDArray[np.int64]) -> Self | None:
        """From objects (n, F) of known classes (n,), all classes alike in weight; None without two of them.

        Solved among combinations of the n objects, where the best weights lie, so that it takes milliseconds.
        """
        known, target = np.unique(values, return_inverse=True)
        if len(known) < 2:
            return None
        even = usual.even(described).astype(float)
        left, size, right = np.linalg.svd(even, full_matrices=False)
        rows, count = left * size, len(known)
        shares = 1.0 / np.bincount(target)[target] / count
        is_class = np.eye(count)[target]

        def loss(flat: Numbers) -> tuple[float, Numbers]:
            weights, bias = flat[count:].reshape(-1, count), flat[:count]
            chance = _softmax(rows @ weights + bias)
            wrong = (chance - is_class) * shares[:, None]
            found = -(shares * np.log(chance[np.arange(len(target)), target] + 1e-12)).sum()
            slope = np.concatenate([wrong.sum(axis=0), (rows.T @ wrong + _DECAY * weights).ravel()])
            return float(found + _DECAY / 2 * (weights**2).sum()), slope

        best = minimize(loss, np.zeros(count * (1 + rows.shape[1])), jac=True, method="L-BFGS-B").x
        return cls(usual, known, right.T @ best[count:].reshape(-1, count), best[:count])

    def propose(self, described: Numbers) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The class of each object (n, F), and how likely it is."""
        values, chances = np.zeros(len(described), np.int64), np.zeros(len(described))
        for start in range(0, len(described), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            found = _softmax(self.usual.even(described[part]) @ self.weights + self.bias)
            values[part] = self.values[found.argmax(axis=1)]
            chances[part] = found.max(axis=1)
        return values, chances


def _softmax(scores: Numbers) -> Numbers:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
