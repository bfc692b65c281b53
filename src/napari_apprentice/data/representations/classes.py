"""Classes: a probability for each and for none of them, or one for the only class. See `data/labels/classes`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.labels import classes, clicking
from napari_apprentice.data.labels.corrections import Confirmed, Labels, Mask
from napari_apprentice.data.representations.representation import (
    EVEN,
    Channel,
    Representation,
    Spacing,
    Spot,
    Values,
)
from napari_apprentice.settings import DecodeSettings


@dataclass(frozen=True)
class Classes(Representation):
    """So many ``outputs``: the first is none of the classes, the others are classes by their values."""

    outputs: int = 2
    name = "classes"
    kind = "classes"

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Probabilities that add up to 1, or that of the only class."""
        if self.outputs == 1:
            return (Channel("class 1"),)
        return Channel("none", "class", None), *(Channel(f"class {k}", "class") for k in range(1, self.outputs))

    def encode(
        self, labels: Labels, confirmed: Confirmed, spacing: Spacing = EVEN, whole: Mask | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Class values and their weight, (1, Z, Y, X)."""
        return classes.encode(labels, confirmed)

    def decode(self, values: Values, settings: DecodeSettings, spacing: Spacing = EVEN) -> Labels:
        """The most probable class of each voxel."""
        return classes.decode(values)

    def object_at(self, values: Values, at: Spot, settings: DecodeSettings) -> Mask:
        """The connected region of the class at a point."""
        both = values if len(values) > 1 else np.concatenate([1 - values, values])
        return clicking.region_at(both, at)
