"""``membranes-2d`` and ``membranes-3d``: membranes in EM, from the train sections of em_fib25 (CC-BY), nothing else."""

from __future__ import annotations

from apprentice_lab.recipes.classes import ClassRecipe
from apprentice_lab.recipes.sections import VARIED, VOXEL, read_examples, shares_of
from apprentice_lab.training.pretrain import Cycle
from napari_apprentice.architecture import NetSettings, preset
from napari_apprentice.settings import ClassName, Triple


def _recipe(name: str, title: str, net: NetSettings, steps: int, batch: int, patch: Triple) -> ClassRecipe:
    return ClassRecipe(
        name=name,
        title=title,
        net=net,
        cycles=(Cycle(steps, 2e-3, VARIED),),
        read=read_examples,
        shares=shares_of,
        trained_on=("em_fib25 train",),
        licence="BSD-3-Clause; trained on em_fib25 (FlyEM, Janelia; CC-BY: name them where you use the model)",
        spacing=(VOXEL, VOXEL, VOXEL),
        unit="nm",
        batch_size=batch,
        patch=patch,
        classes=(ClassName(value=1, name="membrane", color="#17becf"),),
        lines=True,
    )


FLAT = _recipe(
    "membranes-2d",
    "Membranes 2D, EM",
    NetSettings(in_channels=2, out_channels=1),
    steps=5000,
    batch=8,
    patch=(1, 160, 160),
)
DEEP = _recipe(
    "membranes-3d",
    "Membranes 3D, EM",
    preset("unet", 3, in_channels=2, out_channels=1, width=16),
    steps=2000,
    batch=2,
    patch=(24, 96, 96),
)
