"""``nuclei-3d``: simulated stacks, then nuclei3d_ovules train (CC0), nuclei3d_bbbc050 (CC0), nuclei3d_stardist_mini."""

from __future__ import annotations

import numpy as np

from apprentice_lab.recipes.stacks import STACKS
from apprentice_lab.recipes.volumes import recipe_for_volumes
from apprentice_lab.simulate.scene import nuclei_scene
from apprentice_lab.simulate.volumes import Sample, nuclei
from napari_apprentice.settings import DecodeSettings


def simulate(seed: int) -> Sample:
    """A stack of nuclei of any kind."""
    return nuclei(nuclei_scene(np.random.default_rng((3, seed))), seed)


RECIPE = recipe_for_volumes(
    "nuclei-3d",
    "Nuclei 3D",
    simulate,
    stacks=tuple(stack.name for stack in STACKS if stack.what == "nuclei" and stack.split == "train"),
    judged=tuple(stack.name for stack in STACKS if stack.what == "nuclei" and stack.split == "dev"),
    trained_on=("simulated stacks", "nuclei3d_ovules train", "nuclei3d_bbbc050", "nuclei3d_stardist_mini"),
    licence="BSD-3-Clause; trained on CC0-1.0 (nuclei3d_ovules, nuclei3d_bbbc050) and BSD-3-Clause (StarDist) images",
    zoom=1.0,
    diameter=18.0,
    decode=DecodeSettings(foreground=0.5, prominence=0.2, min_size=30, confidence=0.8),
    measures=True,
)
