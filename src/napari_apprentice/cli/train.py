"""``apprentice train``: how the bundled models were made, for anyone who wants to make them again."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from cyclopts import App

train = App(name="train", help="Train a bundled model again from its recipe.")


@train.command(name="nuclei-2d")
def nuclei_2d(*, data: Path, out: Path) -> None:
    """2D nuclei, from the train splits of dsb2018 and tissue_dapi16; goes on where it stopped.

    Parameters
    ----------
    data
        Folder with dsb2018/ and tissue_dapi16/.
    out
        Folder for checkpoints and the finished model.
    """
    # by name: a recipe loads torch, and the other commands should not wait for it
    import_module("napari_apprentice.recipes.nuclei_2d").train(data, out)
