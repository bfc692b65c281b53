"""What representations of objects have in common: foreground is their first channel."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.clicking import object_at
from napari_apprentice.data.labels.corrections import AS_LABELLED, UNKNOWN, Confirmed, Labels, Mask
from napari_apprentice.data.labels.instances import without_weak
from napari_apprentice.data.labels.linking import link_frame
from napari_apprentice.data.representations.patch import Patch, encoded_again
from napari_apprentice.data.representations.representation import EVEN, Representation, Spacing, Spot, Values
from napari_apprentice.settings import DecodeSettings, Kind

FOREGROUND = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)  # probabilities to try


class InstanceRepresentation(Representation):
    """Objects as channels, of which the first is the probability of foreground.

    It suffices to say what the other channels are (`channels`, `encode`) and which voxels of the foreground belong
    together (`separate`).
    """

    kind: Kind = "instances"
    choices = {"foreground": FOREGROUND}
    distance: ClassVar[int | None] = (
        None  # the channel of log-distance to the own outline in the plane, if there is one
    )

    @abstractmethod
    def separate(self, values: Values, inside: Mask, settings: DecodeSettings, spacing: Spacing = EVEN) -> Values:
        """The object, from 1, that each voxel `inside` (Z, Y, X) belongs to; 0 outside. `values` is (K, Z, Y, X)."""

    def decode(self, values: Values, settings: DecodeSettings, spacing: Spacing = EVEN) -> Labels:
        """Foreground in objects, without those that are too small or too doubtful."""
        probability = np.asarray(values[0], np.float32)
        inside = probability >= settings.foreground
        if not inside.any():
            return np.zeros(inside.shape, np.uint32)
        return without_weak(self.separate(values, inside, settings, spacing), probability, settings)

    def object_at(self, values: Values, at: Spot, settings: DecodeSettings) -> Mask:
        """The object around a point, also where the network is in doubt."""
        return object_at(values, at, settings, self.separate)

    def in_patch(self, patch: Patch) -> tuple[np.ndarray, np.ndarray]:
        """As looked up, or encoded again from the patch's labels."""
        return encoded_again(self, patch) if self.encoded_again else (patch.target, patch.weight)


def encode_foreground(labels: Labels, confirmed: Confirmed, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """Target and weight of `channels` channels of which only the first, foreground, is filled in."""
    target = np.zeros((channels, *labels.shape), np.float32)
    weight = np.zeros((channels, *labels.shape), np.float32)
    target[0] = (labels > 0) & (confirmed == AS_LABELLED)
    weight[0] = confirmed != UNKNOWN
    return target, weight


def slice_by_slice(shape: tuple[int, ...], section: Callable[[slice], NDArray[Any]]) -> Labels:
    """Labels of a volume (Z, Y, X) from those of each slice (1, Y, X); sections that overlap are one object."""
    labels = np.zeros(shape, np.uint32)
    free = 1
    for z in range(len(labels)):
        before = labels[max(0, z - 1) : max(0, z - 1) + 1]
        labels[z : z + 1], free = link_frame(before, section(slice(z, z + 1)), free)
    return labels
