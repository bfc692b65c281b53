"""``apprentice train``: how the bundled models were made."""

from __future__ import annotations

import logging
import os
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter, validators

from napari_apprentice.cli.progress import say
from napari_apprentice.session.catalog import bundled_files
from napari_apprentice.settings import DeviceName

Out = Annotated[Path, Parameter(help="Folder for checkpoints and the finished model.")]
Device = Annotated[DeviceName, Parameter(help="Where it learns.")]
Simulated = Annotated[
    Path | None,
    Parameter(
        help="Folder of the first part, on simulated stacks, which is made when missing; empty: in the model's folder."
    ),
]
Threads = Annotated[
    int | None,
    Parameter(help="On how many processor threads it learns; empty: all.", validator=validators.Number(gte=1)),
]
Further = Annotated[
    float | None,
    Parameter(
        help="Minutes for which the bundled model is trained on, to rate 0; 0: it is only judged; empty: from nothing.",
        validator=validators.Number(gte=0),
    ),
]
Share = Annotated[float, Parameter(help="Of the recipe's steps.", validator=validators.Number(gt=0, lte=10))]

train = App(name="train", help="Train a model from its recipe.")


@train.command(name="nuclei-2d")
def nuclei_2d(
    *, data: Path, out: Out, further: Further = None, device: Device = "auto", threads: Threads = None
) -> None:
    """2D nuclei, from train of dsb2018, bbbc039 and tissue_dapi16 and from histology_tnbc; goes on where it stopped.

    Parameters
    ----------
    data
        Folder with dsb2018/, bbbc039/, tissue_dapi16/ and histology_tnbc/.
    """
    _train("nuclei_2d", data, out, device, threads, further=further)


@train.command(name="cells-2d")
def cells_2d(*, data: Path, out: Out, device: Device = "auto", threads: Threads = None) -> None:
    """Whole cells in phase contrast, from the train split of usiigaci_phase; goes on where it stopped.

    Parameters
    ----------
    data
        Folder with usiigaci_phase/.
    """
    _train("cells_2d", data, out, device, threads)


@train.command(name="membranes-2d")
def membranes_2d(*, data: Path, out: Out, device: Device = "auto", threads: Threads = None) -> None:
    """Membranes in sections of electron microscopy, from the train part of em_fib25; goes on where it stopped.

    Parameters
    ----------
    data
        Folder with em_fib25/.
    """
    _train("membranes", data, out, device, threads, "FLAT")


@train.command(name="membranes-3d")
def membranes_3d(*, data: Path, out: Out, device: Device = "auto", threads: Threads = None) -> None:
    """Membranes in volumes of electron microscopy, from the train part of em_fib25; goes on where it stopped.

    Parameters
    ----------
    data
        Folder with em_fib25/.
    """
    _train("membranes", data, out, device, threads, "DEEP")


@train.command
def hippocampus(*, data: Path, out: Out, device: Device = "auto", threads: Threads = None) -> None:
    """Anterior and posterior hippocampus in MR, from hippocampus_msd; a model that is not given away.

    Parameters
    ----------
    data
        Folder with sharealike/hippocampus_msd/.
    """
    _train("hippocampus", data, out, device, threads)


@train.command(name="nuclei-3d")
def nuclei_3d(
    *,
    data: Path,
    out: Out,
    simulated: Simulated = None,
    share: Share = 1.0,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Nuclei in volumes, from simulated stacks and then the train volumes of three sets; goes on where it stopped.

    Parameters
    ----------
    data
        Folder with nuclei3d_ovules/, nuclei3d_bbbc050/ and nuclei3d_stardist_mini/.
    """
    _train_volumes("nuclei_3d", data, out, simulated, share, device, threads)


@train.command(name="cells-3d")
def cells_3d(
    *,
    data: Path,
    out: Out,
    simulated: Simulated = None,
    share: Share = 1.0,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Cells with stained membranes in volumes, from simulated and then real stacks; goes on where it stopped.

    Parameters
    ----------
    data
        Folder with cells3d_ovule/ and cells3d_root/.
    """
    _train_volumes("cells_3d", data, out, simulated, share, device, threads)


def _train(
    module: str,
    data: Path,
    out: Path,
    device: DeviceName,
    threads: int | None,
    name: str = "RECIPE",
    further: float | None = None,
) -> None:
    _report_steps()
    recipe = getattr(_recipe(module), name)
    start = None if further is None else (bundled_files()[recipe.name][1], further)
    say(f"{_recipe('recipe').train(recipe, data, out, threads or os.cpu_count() or 1, device, start)}")


def _train_volumes(
    module: str, data: Path, out: Path, simulated: Path | None, share: float, device: DeviceName, threads: int | None
) -> None:
    _report_steps()
    recipe = _recipe("volumes").shortened(_recipe(module).RECIPE, share)
    made = _recipe("volume_training").train(recipe, data, out, threads or os.cpu_count() or 1, device, simulated)
    say(f"{made}")


def _report_steps() -> None:
    """Recipes take minutes to hours: each says in the log how far it is and how long a step takes."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("apprentice_lab").setLevel(logging.INFO)


def _recipe(name: str) -> Any:
    """By name: a recipe loads torch, and the other commands should not wait for it."""
    return import_module(f"apprentice_lab.recipes.{name}")
