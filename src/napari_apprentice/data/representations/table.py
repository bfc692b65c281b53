"""The representations there are: an entry makes one known to models and to everything that works with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from napari_apprentice.data.representations.affinities import Affinities
from napari_apprentice.data.representations.classes import Classes
from napari_apprentice.data.representations.log_distance import LogDistance
from napari_apprentice.data.representations.representation import Representation
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Kind

Dims = Literal[2, 3]

# By name, from the dimensions of a network and how many numbers it gives for each voxel.
REPRESENTATIONS: dict[str, Callable[[Dims, int], Representation]] = {
    "log-distance": lambda dims, outputs: LogDistance(),
    "affinities": lambda dims, outputs: Affinities(dims),
    "classes": lambda dims, outputs: Classes(outputs),
}
USUAL: dict[Kind, str] = {"instances": "log-distance", "classes": "classes"}


def representation(name: str, dims: Dims = 2, outputs: int = 2) -> Representation:
    """The representation of that name, for a network of so many dimensions and outputs; `UserError` for another name.

    Only classes look at ``outputs``: there are as many as the labels need.
    """
    if name not in REPRESENTATIONS:
        raise UserError(
            f"There is no representation {name[:40]!r}: choose one of {', '.join(REPRESENTATIONS)}, or update "
            "napari-apprentice."
        )
    return REPRESENTATIONS[name](dims, outputs)
