"""What stands in where nothing is confirmed: the network's own view, with a lower weight, so that it does not drift.

Two things, both only where nothing is confirmed and nothing is set aside:

- what the network itself takes for background while it learns stays background (`STAND_IN`): without any confirmed
  background "everything is a cell" would fit the corrections;
- what a parent that does well on these images was sure of stays as it was: it must not forget.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.representations import Representation
from napari_apprentice.engine.windows import TrainingWindow

STAND_IN = 0.3
_SURE = 0.1
_TRUSTED = (0.25, 0.65)  # average precision of the parent on the corrections: from no to full trust
_WEIGHT = 0.4


def trust_in(score: float) -> float:
    """How far a parent's predictions may teach, 0 to 1, from its score on corrections it never learned from."""
    low, high = _TRUSTED
    return float(np.clip((score - low) / (high - low), 0.0, 1.0))


def with_stand_in(window: TrainingWindow, representation: Representation, share: float = STAND_IN) -> TrainingWindow:
    """The window with negative weights where nothing is confirmed: see `losses.settle`."""
    free = _free(window)
    target, weight = window.source.target, window.source.weight.clone()
    for k, channel in enumerate(representation.channels):
        if channel.background is not None:
            weight[k][free & (weight[k] == 0) & (target[k] == channel.background)] = -share
    return replace(window, source=replace(window.source, weight=weight))


def with_parent(
    window: TrainingWindow, prediction: np.ndarray, representation: Representation, trust: float
) -> TrainingWindow:
    """The window with what the parent, (K, Z, Y, X) as its channels mean, is sure of as a target of a low weight.

    Of a representation that is encoded again in every patch foreground is replayed, and nothing else.
    """
    free = _free(window)
    said = torch.from_numpy(prediction)
    target, weight = window.source.target.clone(), window.source.weight.clone()
    if representation.kind == "classes":
        sure = free & (said.amax(dim=0) > 1 - _SURE)
        target[0][sure] = said.argmax(dim=0).float()[sure]
        weight[0][sure] = _WEIGHT * trust
        return replace(window, source=replace(window.source, target=target, weight=weight))
    objects = said[0] > 0.5
    sure = free & ((said[0] < _SURE) | (said[0] > 1 - _SURE))
    target[0][sure] = objects.float()[sure]
    weight[0][sure] = _WEIGHT * trust
    for k, channel in enumerate(representation.channels[1:], 1):
        inner = sure & (weight[k] <= 0)
        if channel.background is None:
            inner &= objects
        value = said[k] if channel.lowest is None else said[k].clamp_min(channel.lowest)
        target[k][inner] = torch.where(objects, value, torch.tensor(channel.background or 0.0))[inner]
        weight[k][inner] = _WEIGHT * trust
    return replace(window, source=replace(window.source, target=target, weight=weight))


def _free(window: TrainingWindow) -> torch.Tensor:
    """Where nothing is confirmed and nothing is set aside."""
    return torch.from_numpy((window.confirmed == UNKNOWN) & window.teaches)
