"""``apprentice prune``: a trained U-Net++ made smaller and faster."""

from __future__ import annotations

from pathlib import Path

from napari_apprentice.cli.progress import say
from napari_apprentice.data.models import read_header
from napari_apprentice.errors import UserError


def prune(model: Path, /, *, levels: int, out: Path) -> None:
    """Cut a trained U-Net++ to fewer levels; it predicts with the head it has there.

    Parameters
    ----------
    model
        A model file with a U-Net++ taught with deep supervision.
    levels
        Levels above the bottleneck to keep.
    out
        The model file (.safetensors) to write.
    """
    if out.suffix != ".safetensors":
        raise UserError(f"{out} is no name for a model: let it end in .safetensors.")
    from napari_apprentice.engine import pruning  # here: it loads torch, and other commands need not wait

    before = read_header(model).net.parameters
    header = pruning.prune(model, levels, out)
    say(f"{out}: {header.net.parameters:,} parameters instead of {before:,}")
