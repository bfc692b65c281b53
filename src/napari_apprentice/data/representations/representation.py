"""What every way to say what is where has: the one seam between labels and the numbers that a network gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask
from napari_apprentice.data.representations.patch import Patch
from napari_apprentice.settings import DecodeSettings, Kind

Values = NDArray[Any]
Spot = tuple[int, int, int]  # z, y, x
Spacing = tuple[float, float, float]
Meaning = Literal["probability", "class", "number"]

EVEN: Spacing = (1.0, 1.0, 1.0)
NUMBER: Meaning = "number"


@dataclass(frozen=True)
class Channel:
    """One number that a network gives for each voxel.

    Attributes
    ----------
    name
        What it is called.
    meaning
        "probability": a chance of its own (sigmoid; learned by the loss of labels). "class": one of several that
        exclude each other (softmax; the loss of labels). "number": used as it is (the loss of distances).
    background
        Its value where there is no object; None where that says nothing about it.
    lowest
        What it cannot be below.
    """

    name: str
    meaning: Meaning = "probability"
    background: float | None = 0.0
    lowest: float | None = None


class Representation(ABC):
    """Labels as channels that a network can learn, and back. `instances.InstanceRepresentation` is that of objects.

    Attributes
    ----------
    name
        How a model's header calls it.
    kind
        What its labels are.
    choices
        Settings for decoding that are fitted when a model is taught, one after the other, and values to try.
    interpolates
        Whether channels mean the same on a finer grid; if not, they are decoded at the network's resolution.
    encoded_again
        Whether what is seen turned, sized or bent is encoded again from its labels (`patch.encoded_again`).
    decoding_bytes
        What decoding takes of memory at most, for each voxel.
    """

    name: str
    kind: Kind
    choices: Mapping[str, tuple[float, ...]] = {}
    interpolates = True
    encoded_again = False
    decoding_bytes = 64

    @property
    @abstractmethod
    def channels(self) -> tuple[Channel, ...]:
        """What a network gives; probabilities come before numbers."""

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        """What each channel means."""
        return tuple(channel.meaning for channel in self.channels)

    def why_not(self) -> str:
        """One sentence when something is missing here that decoding needs; "" when nothing is."""
        return ""

    @abstractmethod
    def encode(
        self, labels: Labels, confirmed: Confirmed, spacing: Spacing = EVEN, whole: Mask | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Labels (Z, Y, X) and what is confirmed (0, 1, 2) to target and weight, (K, Z, Y, X) float32.

        Weight is 0 wherever what is confirmed does not tell the value. `whole`: which voxels belong to sections that
        are confirmed as a whole where these labels are from; None: it is seen from the labels. Classes are one
        channel of class values.
        """

    @abstractmethod
    def decode(self, values: Values, settings: DecodeSettings, spacing: Spacing = EVEN) -> Labels:
        """Channels (K, Z, Y, X) to labels (Z, Y, X) uint32: objects numbered from 1, or class values."""

    @abstractmethod
    def object_at(self, values: Values, at: Spot, settings: DecodeSettings) -> Mask:
        """What is at a point, for clicks: a mask (Z, Y, X), all False where nothing is."""

    def in_patch(self, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
        """Target and weight (K, Z, Y, X) as they are in a patch, from those that were looked up voxel by voxel."""
        return patch.target, patch.weight
