"""The head: a linear model of features, solved in closed form; for classes, or for anything else that has numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from napari_apprentice.engine.learned import Learned, Ranges

_SAMPLES = 3000  # how many are worth one unit of decay
_DECAY = (1.0, 10.0)  # least and most


@dataclass(frozen=True, eq=False)
class Head:
    """Scores of ``values`` (ascending) are ``weights`` (features, values) times features, and ``bias``."""

    values: tuple[int, ...]
    weights: torch.Tensor
    bias: torch.Tensor

    def learned(self, ranges: Ranges) -> Learned:
        """As a model file keeps it, with what features were brought to."""
        return Learned(ranges, self.weights, self.bias)


def fit(rows: torch.Tensor, values: NDArray[np.int64]) -> Head:
    """Which of ``values`` (n) a voxel has, from ``rows`` (n, features), all classes alike in weight.

    On five sets of images this is as good as multinomial logistic regression (mean Dice after 5, 20 and 80 strokes
    within .005), in a twelfth of the time.
    """
    known, target = np.unique(values, return_inverse=True)
    share = (1.0 / np.bincount(target)[target] / len(known)).astype(np.float32)
    weights, bias = ridge(rows, torch.eye(len(known))[torch.from_numpy(target)], torch.from_numpy(share))
    return Head(tuple(int(one) for one in known), weights, bias)


def ridge(rows: torch.Tensor, targets: torch.Tensor, shares: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights (features, k) and bias (k) that give ``targets`` (n, k) from ``rows``; ``shares`` (n) add up to 1.

    The fewer samples, the smaller the weights are kept.
    """
    share = shares[:, None]
    middle, usual = (share * rows).sum(dim=0), (share * targets).sum(dim=0)
    x = rows - middle
    weighted = (share * x).T
    decay = min(max(_SAMPLES / len(rows), _DECAY[0]), _DECAY[1])
    gram = weighted @ x + decay * torch.eye(x.shape[1])
    weights = torch.linalg.solve(gram, weighted @ (targets - usual))
    return weights, usual - middle @ weights
