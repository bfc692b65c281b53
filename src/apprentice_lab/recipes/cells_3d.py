"""``cells-3d``: cells in stained tissue, from simulated stacks, then cells3d_ovule and cells3d_root (MIT).

No volume is left to report on: `bench volumes` leaves each out in turn.
"""

from __future__ import annotations

import numpy as np

from apprentice_lab.recipes.stacks import STACKS
from apprentice_lab.recipes.volumes import recipe_for_volumes
from apprentice_lab.simulate.membranes import cells
from apprentice_lab.simulate.scene import cells_scene
from apprentice_lab.simulate.volumes import Sample
from napari_apprentice.settings import DecodeSettings


def simulate(seed: int) -> Sample:
    """A stack of dense tissue of any kind."""
    return cells(cells_scene(np.random.default_rng((4, seed))), seed)


RECIPE = recipe_for_volumes(
    "cells-3d",
    "Cells 3D, membrane stain",
    simulate,
    stacks=tuple(stack.name for stack in STACKS if stack.what == "cells"),
    judged=(),
    trained_on=("simulated stacks", "cells3d_ovule", "cells3d_root"),
    licence="BSD-3-Clause; trained on MIT (cells3d_ovule, cells3d_root) images",
    zoom=0.5,
    diameter=26.0,
    decode=DecodeSettings(foreground=0.3, prominence=0.4),
)
