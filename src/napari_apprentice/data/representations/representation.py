"""What every representation of objects has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from napari_apprentice.data.corrections import AS_LABELLED, UNKNOWN
from napari_apprentice.settings import DecodeSettings, RepresentationName

Spacing = tuple[float, float, float]
EVEN: Spacing = (1.0, 1.0, 1.0)


class Representation(Protocol):
    """Objects as channels: the first is the probability of foreground.

    Attributes
    ----------
    chances
        So many channels, the first ones, are probabilities; the others are numbers used as they are.
    vectors
        The last so many channels are a vector, along (z,) y, x, that turns with the image.
    turns
        Whether no turn of the image can be made up for in the channels: they are encoded again in every patch.
    choices
        Values to try for each setting when decoding is fitted, one setting after the other.
    """

    @property
    def name(self) -> RepresentationName: ...  # noqa: D102

    @property
    def channels(self) -> int: ...  # noqa: D102

    @property
    def chances(self) -> int: ...  # noqa: D102

    @property
    def vectors(self) -> int: ...  # noqa: D102

    @property
    def turns(self) -> bool: ...  # noqa: D102

    @property
    def choices(self) -> Mapping[str, tuple[float, ...]]: ...  # noqa: D102

    def encode(self, labels: np.ndarray, vouched: np.ndarray, spacing: Spacing = EVEN) -> tuple[np.ndarray, np.ndarray]:
        """Labels (Z, Y, X) and what is vouched for (0, 1, 2) to target and weight, (K, Z, Y, X) float32.

        Weight is 0 exactly where what is vouched for does not tell the value.
        """
        ...

    def decode(self, prediction: np.ndarray, settings: DecodeSettings, spacing: Spacing = EVEN) -> np.ndarray:
        """Probabilities and numbers (K, Z, Y, X) to instances (Z, Y, X) uint32, numbered from 1."""
        ...


def foreground(labels: np.ndarray, vouched: np.ndarray, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Target and weight of `channels` channels of which only the first, foreground, is filled in."""
    target = np.zeros((channels, *labels.shape), np.float32)
    weight = np.zeros((channels, *labels.shape), np.float32)
    target[0] = (labels > 0) & (vouched == AS_LABELLED)
    weight[0] = vouched != UNKNOWN
    return target, weight
