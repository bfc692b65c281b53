"""``cells-2d``: whole cells in phase contrast, from the train split of usiigaci_phase (MIT), and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from apprentice_lab.recipes.images import read_set
from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.recipes.recipe import Recipe
from apprentice_lab.training.pretrain import Cycle
from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.augment import Augmentation

_PIXEL = 0.867  # um


def read_examples(data: Path, split: str) -> list[AnnotatedImage]:
    """The images of a split."""
    return read_set(data / "usiigaci_phase", split)


def _alike(examples: list[AnnotatedImage]) -> np.ndarray:
    return np.full(len(examples), 1 / len(examples))


# Phase contrast looks much the same everywhere: light changes little, shapes bend.
_VARIED = Augmentation(
    scale=(0.7, 1.4),
    stretch=0.08,
    contrast=0.12,
    gamma=0.12,
    noise=0.03,
    blur=0.1,
    invert=0.0,
    dim_objects=0.0,
    elastic=2.0,
)

RECIPE = Recipe(
    name="cells-2d",
    title="Cells 2D, phase contrast",
    net=NetSettings(in_channels=2),
    cycles=(Cycle(6000, 2e-3, _VARIED),),
    read=read_examples,
    shares=_alike,
    trained_on=("usiigaci_phase train",),
    licence="BSD-3-Clause; trained on MIT (usiigaci_phase) images",
    zoom=0.5,
    spacing=(1.0, _PIXEL, _PIXEL),
    unit="um",
    batch_size=6,
    patch=(1, 192, 192),
)
