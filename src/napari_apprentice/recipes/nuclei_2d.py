"""``nuclei-2d``: the train splits of dsb2018 (CC0) and tissue_dapi16 (Apache-2.0), and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.pretrain import Cycle
from napari_apprentice.recipes.images import read_set
from napari_apprentice.recipes.judge import Example
from napari_apprentice.recipes.recipe import Recipe

# Share of patches by kind of image: fluorescence is what the model is for, stained sections come along.
SHARES = {
    "fluo_small": 0.20,
    "fluo_medium": 0.24,
    "fluo_large": 0.13,
    "fluo_tissue": 0.07,
    "fluo_embryo": 0.06,
    "tissue_dapi16": 0.17,
    "histo_purple_on_purple": 0.06,
    "histo_purple_on_white": 0.04,
    "brightfield_cytology_gray": 0.03,
}


def read_examples(data: Path, split: str) -> list[Example]:
    """All images of a split of both sets."""
    return read_set(data / "dsb2018", split) + read_set(data / "tissue_dapi16", split)


def shares_of(examples: list[Example]) -> np.ndarray:
    """How often each example is drawn: kinds by `SHARES`, within a kind by the root of the number of pixels."""
    size = np.array([np.sqrt(example.pixels.size) for example in examples])
    kinds = np.array([example.kind for example in examples])
    shares = np.zeros(len(examples))
    for kind, share in SHARES.items():
        mine = kinds == kind
        shares[mine] = share * size[mine] / max(size[mine].sum(), 1e-9)
    return np.asarray(shares / shares.sum())


RECIPE = Recipe(
    name="nuclei-2d",
    title="Nuclei 2D",
    net=NetSettings(in_channels=2),
    cycles=(Cycle(7800, 2e-3),),
    read=read_examples,
    shares=shares_of,
    trained_on=("dsb2018 train", "tissue_dapi16 train"),
    licence="BSD-3-Clause; trained on CC0-1.0 (dsb2018) and Apache-2.0 (tissue_dapi16) images",
)
