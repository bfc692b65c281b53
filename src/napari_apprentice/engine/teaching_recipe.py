"""How a network is taught, as far as the user need not choose."""

from __future__ import annotations

from dataclasses import dataclass

from napari_apprentice.engine.augment import AUGMENTATIONS, Augmentation
from napari_apprentice.settings import AugmentationChoice, Kind, OptimizerName


@dataclass(frozen=True)
class TeachingRecipe:
    """How a network is taught, as far as the user need not choose. Chosen on images nothing is reported on."""

    average: float = 0.98
    head_rate: float = 5.0
    fresh_rate: float = 3e-3
    parent_rate: float = 1e-3
    sgd_factor: float = 10.0  # SGD takes raw gradients, Adam's are divided by their size
    freeze_norm: bool = False
    stand_in: float = 0.3
    limit: float = 0.5
    anywhere: float = 0.1
    validations: int = 10
    training_cases: int = 40

    # A fresh network learns most from images as they are in the few steps there are; a parent knows enough to be
    # kept from learning corrections by heart.
    fresh_augmentation: Augmentation = AUGMENTATIONS["light"]
    parent_augmentation: Augmentation = AUGMENTATIONS["strong"]

    def patches_for(self, kind: Kind, dims: int) -> tuple[int, int]:
        """The edge of patches in the plane, in network pixels, and how many make a batch.

        A patch drawn at a corrected object shows little else that is known: with more and smaller ones more objects
        teach in the same time. What a class is, is said by what lies around.
        """
        if dims == 3:
            return 64, 2
        return (64, 16) if kind == "instances" else (128, 8)

    def rate_for(self, optimizer: OptimizerName, *, fresh: bool) -> float:
        """The peak learning rate when the user gave none."""
        return (self.fresh_rate if fresh else self.parent_rate) * (self.sgd_factor if optimizer == "sgd" else 1.0)

    def augmentation_for(self, choice: AugmentationChoice, *, fresh: bool) -> Augmentation:
        """How far patches are varied."""
        if choice != "auto":
            return AUGMENTATIONS[choice]
        return self.fresh_augmentation if fresh else self.parent_augmentation


RECIPE = TeachingRecipe()
