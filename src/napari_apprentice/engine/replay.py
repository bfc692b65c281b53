"""What stands in where nobody vouched: the network's own view, with a lower weight, so that it does not drift.

Two things, both only where nothing is vouched for and nothing is set aside:

- what the network itself takes for background while it learns stays background (`STAND_IN`): without any vouched
  background "everything is a cell" would fit the corrections;
- what a parent that does well on these images was sure of stays as it was: it must not forget.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from napari_apprentice.data.corrections import UNKNOWN
from napari_apprentice.engine.lessons import Window
from napari_apprentice.settings import Kind

STAND_IN = 0.3
_SURE = 0.1
_TRUSTED = (0.25, 0.65)  # average precision of the parent on the corrections: from no to full trust
_WEIGHT = 0.4


def trust_in(score: float) -> float:
    """How far a parent's predictions may teach, 0 to 1, from its score on corrections it has not seen."""
    low, high = _TRUSTED
    return float(np.clip((score - low) / (high - low), 0.0, 1.0))


def with_stand_in(window: Window, share: float = STAND_IN) -> Window:
    """The window with negative weights where nothing is vouched for: see `losses.settle`."""
    free = _free(window)
    weight = window.source.weight.clone()
    weight[0][free & (weight[0] == 0)] = -share
    if weight.shape[0] > 1:
        weight[1][free & (weight[1] == 0) & (window.source.target[1] == 0)] = -share
    return replace(window, source=replace(window.source, weight=weight))


def with_parent(window: Window, prediction: np.ndarray, kind: Kind, trust: float) -> Window:
    """The window with what the parent, (K, Z, Y, X) probabilities, is sure of as a target of a low weight."""
    free = _free(window)
    said = torch.from_numpy(prediction)
    target, weight = window.source.target.clone(), window.source.weight.clone()
    if kind == "classes":
        sure = free & (said.amax(dim=0) > 1 - _SURE)
        target[0][sure] = said.argmax(dim=0).float()[sure]
        weight[0][sure] = _WEIGHT * trust
    else:
        sure = free & ((said[0] < _SURE) | (said[0] > 1 - _SURE))
        target[0][sure] = (said[0][sure] > 0.5).float()
        weight[0][sure] = _WEIGHT * trust
        inner = sure & (weight[1] <= 0)
        target[1][inner] = torch.where(said[0] > 0.5, said[1].clamp_min(0), torch.zeros(()))[inner]
        weight[1][inner] = _WEIGHT * trust
    return replace(window, source=replace(window.source, target=target, weight=weight))


def _free(window: Window) -> torch.Tensor:
    """Where nothing is vouched for and nothing is set aside."""
    return torch.from_numpy((window.vouched == UNKNOWN) & window.teaches)
