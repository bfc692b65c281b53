"""``nuclei-2d``: train of dsb2018, bbbc039 (CC0) and tissue_dapi16 (Apache-2.0), and histology_tnbc (CC-BY 4.0)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from apprentice_lab.recipes.images import read_set
from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.recipes.recipe import Recipe
from apprentice_lab.training.pretrain import Cycle
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.image.zoom import TARGET_DIAMETER
from napari_apprentice.engine.augment import Augmentation
from napari_apprentice.settings import NormalizeSettings

# Share of patches by kind of image: fluorescence is what the model is for; stained sections are learned least well.
SHARES = {
    "fluo_small": 0.19,
    "fluo_medium": 0.18,
    "fluo_large": 0.08,
    "fluo_tissue": 0.07,
    "fluo_embryo": 0.05,
    "bbbc039": 0.12,
    "tissue_dapi16": 0.17,
    "histo_purple_on_purple": 0.12,
    "histo_purple_on_white": 0.08,
    "histology_tnbc": 0.08,
    "brightfield_cytology_gray": 0.06,
}


SETS = ("dsb2018", "bbbc039", "tissue_dapi16", "histology_tnbc")


def read_examples(data: Path, split: str) -> list[AnnotatedImage]:
    """All images of a split of the sets."""
    return [one for name in SETS for one in read_set(data / name, split)]


def shares_of(examples: list[AnnotatedImage]) -> np.ndarray:
    """How often each example is drawn: kinds by `SHARES`, within a kind by the root of the number of pixels."""
    size = np.array([np.sqrt(example.pixels.size) for example in examples])
    kinds = np.array([example.kind for example in examples])
    shares = np.zeros(len(examples))
    for kind, share in SHARES.items():
        mine = kinds == kind
        shares[mine] = share * size[mine] / max(size[mine].sum(), 1e-9)
    return np.asarray(shares / shares.sum())


# At last what images do look like: less of what keeps a net from trusting its eyes.
_SETTLED = Augmentation(contrast=0.25, gamma=0.25, noise=0.04, blur=0.15, invert=0.03, dim_objects=0.25)

RECIPE = Recipe(
    name="nuclei-2d",
    title="Nuclei 2D",
    net=NetSettings(in_channels=2),
    cycles=(Cycle(7800, 2e-3), Cycle(12000, 2e-3, _SETTLED)),
    further=Cycle(6000, 2e-3, replace(_SETTLED, blur=0.3, widest=2.6, saturate=0.2)),  # what was found to hurt most
    read=read_examples,
    shares=shares_of,
    trained_on=("dsb2018 train", "bbbc039 train", "tissue_dapi16 train", "histology_tnbc"),
    licence=(
        "BSD-3-Clause; trained on images under CC0-1.0 (dsb2018, bbbc039), Apache-2.0 (tissue_dapi16) and CC-BY 4.0 "
        "(histology_tnbc: Naylor et al., Zenodo 2579118)"
    ),
    same_size=TARGET_DIAMETER,
    stains=16,
    normalize=NormalizeSettings(noise=0.06),  # none of its images has more than .05
)
