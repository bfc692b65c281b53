"""Foreground and log-distance to the own outline in the plane; basins of it are objects. See `data/instances`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_apprentice.data import instances
from napari_apprentice.data.representations.representation import EVEN, Spacing
from napari_apprentice.settings import DecodeSettings, RepresentationName


@dataclass(frozen=True)
class LogDistance:
    """Two channels. Distances count in whole sections of objects, slice by slice."""

    name: RepresentationName = "log-distance"
    channels: int = 2
    chances: int = 1
    vectors: int = 0
    turns: bool = False

    @property
    def choices(self) -> Mapping[str, tuple[float, ...]]:
        """How far a peak rises above the pass to the next."""
        return {"prominence": (0.05, 0.1, 0.2, 0.3, 0.4)}

    def encode(self, labels: np.ndarray, vouched: np.ndarray, spacing: Spacing = EVEN) -> tuple[np.ndarray, np.ndarray]:
        """Target and weight; distances are in pixels of the plane, whatever the spacing."""
        return instances.encode(labels, vouched)

    def decode(self, prediction: np.ndarray, settings: DecodeSettings, spacing: Spacing = EVEN) -> np.ndarray:
        """Basins that rise by ``prominence``."""
        return instances.decode(prediction, settings, spacing)
