"""``hippocampus``: anterior and posterior hippocampus in MR, from the train cases of hippocampus_msd (CC-BY-SA).

A recipe and a measurement, never a model that is given away: its images are shared alike. All crops show the same
side, or were mirrored to it (from front to back the structure drifts to the left in nearly every case), so that
nothing is flipped. Intensities reach from 0-100 to 0-500,000: percentiles make them alike.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from apprentice_lab.recipes.classes import ClassRecipe
from apprentice_lab.recipes.images import read_stacks
from apprentice_lab.recipes.judge import AnnotatedImage
from apprentice_lab.sets import training_part
from apprentice_lab.training.pretrain import Cycle
from napari_apprentice.architecture import preset
from napari_apprentice.engine.augment import Augmentation
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClassName

_SET = "hippocampus_msd"

_VARIED = Augmentation(
    scale=(0.85, 1.18),
    stretch=0.08,
    flip=False,
    turn=0.26,
    tilt=0.2,
    contrast=0.15,
    gamma=0.25,
    noise=0.06,
    blur=0.15,
    invert=0.0,
    dim_objects=0.0,
    shift=0.08,
    elastic=1.5,
)


def read_examples(data: Path, split: str) -> list[AnnotatedImage]:
    """The cases of a split, (Z, Y, X), about 36 x 50 x 35 voxels of 1 mm; 1 is anterior, 2 posterior."""
    folder = next((place for place in (data / "sharealike" / _SET, data / _SET) if place.exists()), None)
    if folder is None:
        raise UserError(f"{data} has no {_SET}: choose the folder that holds it, or sharealike/{_SET}.")
    return read_stacks(training_part(folder, split))


def _alike(examples: list[AnnotatedImage]) -> np.ndarray:
    return np.full(len(examples), 1 / len(examples))


RECIPE = ClassRecipe(
    name="hippocampus",
    title="Hippocampus, MR",
    net=preset("unet", 3, in_channels=2, out_channels=3, width=24),
    cycles=(Cycle(2000, 2e-3, _VARIED),),
    read=read_examples,
    shares=_alike,
    trained_on=("hippocampus_msd train",),
    licence="trained on CC-BY-SA-4.0 images (hippocampus_msd): not given away",
    spacing=(1.0, 1.0, 1.0),
    unit="mm",
    batch_size=2,
    patch=(40, 56, 40),
    classes=(ClassName(value=1, name="anterior"), ClassName(value=2, name="posterior", color="#1f77b4")),
    shipped=False,
)
