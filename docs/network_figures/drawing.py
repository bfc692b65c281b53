"""What all figures need: images and maps made visible, and a plain axis."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import Net
from napari_apprentice.session.catalog import bundled_files
from network_figures.small import Picture

# Okabe and Ito's colours, which everyone can tell apart
ORANGE, SKY, GREEN, YELLOW = "#e69f00", "#56b4e9", "#009e73", "#f0e442"
BLUE, RED, PINK = "#0072b2", "#d55e00", "#cc79a7"
SHOW = slice(128, 384)  # the part of a sample that is looked into


def bundled() -> tuple[ModelHeader, Net]:
    """The model nuclei-2d."""
    return checkpoint.load(bundled_files()["nuclei-2d"][1])


def shown(example: Picture) -> np.ndarray:
    """Brightness (Y, X) for people, 0 to 1."""
    return stretched(example.pixels) ** 0.6


def draw(axis: Axes, pixels: np.ndarray) -> None:
    """An image under outlines."""
    axis.imshow(stretched(pixels) ** 0.6, cmap="gray")


def stretched(values: np.ndarray) -> np.ndarray:
    """From the 1st to the 99th percentile."""
    low, high = np.percentile(values, [1, 99])
    return np.clip((values - low) / max(high - low, 1e-9), 0, 1)


def bare(axis: Axes, *, frame: bool = False) -> None:
    """No ticks."""
    axis.set(xticks=[], yticks=[])
    if not frame:
        for side in axis.spines.values():
            side.set_visible(False)
