"""Real annotated volumes as recipes read them: which there are, their parts, and noisier copies of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from apprentice_lab import sets
from apprentice_lab.recipes import images
from apprentice_lab.recipes.judge import AnnotatedImage
from napari_apprentice.errors import UserError

_LARGE = 1500  # voxels: of smaller objects nothing is left in such noise
_SNRS = (0.5, 0.15)


@dataclass(frozen=True)
class Stack:
    """A real volume: the set it is of, what is annotated in it, the split that the set gives it, and its specimen.

    Stacks of one specimen may show the same cells.
    """

    folder: str
    name: str
    what: Literal["nuclei", "cells"]
    specimen: str
    split: Literal["train", "dev"] = "train"


# The patches of cells3d_root lie on each other: the image of one correlates with that of the other some 13 slices on.
STACKS = (
    Stack("nuclei3d_ovules", "ovule1135", "nuclei", "ovule1135"),
    Stack("nuclei3d_ovules", "ovule1137", "nuclei", "ovule1137", "dev"),
    Stack("nuclei3d_bbbc050", "8_cell_stage", "nuclei", "8_cell_stage"),
    Stack("nuclei3d_stardist_mini", "img3d", "nuclei", "img3d"),
    Stack("cells3d_ovule", "sample_ovule", "cells", "sample_ovule"),
    Stack("cells3d_root", "patch_a", "cells", "root"),
    Stack("cells3d_root", "patch_b", "cells", "root"),
)


def stack_of(name: str) -> Stack:
    """The volume of this name; `UserError` when there is none."""
    for stack in STACKS:
        if stack.name == name:
            return stack
    raise UserError(f"There is no volume {name}: choose one of {', '.join(stack.name for stack in STACKS)}.")


def read_stack(data: Path, name: str) -> AnnotatedImage:
    """Pixels and labels (Z, Y, X) of a volume in a folder of data sets."""
    return replace(images.read_stack(picture_of(data, name)), kind=stack_of(name).folder)


def picture_of(data: Path, name: str) -> sets.Picture:
    """A volume in a folder of data sets: its kind is what is annotated in it, its group the specimen."""
    stack = stack_of(name)
    if not (data / stack.folder / "images").is_dir():
        raise UserError(f"{data} has no {stack.folder}/images/{name}.tif: choose the folder that holds the sets.")
    return replace(sets.picture(data / stack.folder, name), kind=stack.what, group=stack.specimen)


def noisier(example: AnnotatedImage, rng: np.random.Generator) -> list[AnnotatedImage]:
    """Copies in which a voxel says next to nothing, as in a stack that was hardly exposed; none of one that is.

    Only where objects are large enough to be seen nevertheless, and stand out from a background.
    """
    inside = example.labels > 0
    if inside.all() or not inside.any() or np.median(np.bincount(example.labels[inside])[1:]) < _LARGE:
        return []
    light = example.pixels.astype(np.float32)
    contrast = float(np.median(light[inside]) - np.median(light[~inside]))
    noise = 1.05 * float(np.median(np.abs(np.diff(light, axis=2))))  # of a voxel, from its neighbour
    copies = []
    for snr in _SNRS:
        if contrast < 2 * snr * noise:
            continue
        drowned = light + contrast / snr * rng.standard_normal(light.shape, dtype=np.float32)
        low, high = np.percentile(drowned, [2, 98])  # as such a stack is stretched when it is stored in 8 bits
        copies.append(replace(example, name=f"{example.name} snr {snr:g}", pixels=np.clip(drowned, low, high)))
    return copies
