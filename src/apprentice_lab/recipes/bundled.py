"""The recipes of all bundled models, by the name of the command that follows them."""

from __future__ import annotations

from apprentice_lab.recipes import cells_2d, cells_3d, hippocampus, membranes, nuclei_2d, nuclei_3d
from apprentice_lab.recipes.recipe import Recipe
from apprentice_lab.recipes.volumes import VolumeRecipe

FLAT: dict[str, Recipe] = {
    one.name: one for one in (nuclei_2d.RECIPE, cells_2d.RECIPE, membranes.FLAT, membranes.DEEP, hippocampus.RECIPE)
}
VOLUMES: dict[str, VolumeRecipe] = {one.name: one for one in (nuclei_3d.RECIPE, cells_3d.RECIPE)}
