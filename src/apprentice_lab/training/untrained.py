"""A network that has learned nothing, for what costs the same whatever it has learned."""

from __future__ import annotations

from pathlib import Path

import torch

from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build


def write_untrained(path: Path, header: ModelHeader, seed: int) -> None:
    """Write the network that ``header`` describes, with weights that follow from the seed."""
    torch.manual_seed(seed)
    checkpoint.save(path, header, build(header.net))
