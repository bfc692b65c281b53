"""``apprentice train``: how the bundled models were made."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators

from apprentice_lab.commands.telling import tell
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
Minutes = Annotated[
    float, Parameter(help="For how long, to learning rate 0; 0: it is only judged.", validator=validators.Number(gte=0))
]
Fresh = Annotated[bool, Parameter(help="From nothing, not from the model as it is so far.")]
LeaveOut = Annotated[
    tuple[str, ...], Parameter(help="Kinds of image that it must not see, and is judged on.", consume_multiple=True)
]
Share = Annotated[float, Parameter(help="Of the recipe's steps.", validator=validators.Number(gt=0, lte=10))]

train = App(name="train", help="Train a model from its recipe.")


@dataclass(frozen=True)
class Training:
    """A command: the recipe that it follows, what makes the command of that name, and what is in ``--data``."""

    recipe: str
    command: Callable[[str], Callable[..., None]]
    data: str
    help: str


def _images(name: str) -> Callable[..., None]:
    """From images, in one part."""

    def command(*, data: Path, out: Out, device: Device = "auto", threads: Threads = None) -> None:
        _train(name, data, out, None, device, threads)

    return command


def _images_further(name: str) -> Callable[..., None]:
    """From images, or on from the bundled model."""

    def command(
        *, data: Path, out: Out, further: Further = None, device: Device = "auto", threads: Threads = None
    ) -> None:
        _train(name, data, out, further, device, threads)

    return command


def _train(name: str, data: Path, out: Path, further: float | None, device: DeviceName, threads: int | None) -> None:
    from apprentice_lab.recipes import bundled, recipe  # here: they load torch

    tell(logging.INFO)
    start = None if further is None else (bundled_files()[name][1], further)
    say(f"{recipe.train(bundled.FLAT[name], data, out, threads or os.cpu_count() or 1, device, start)}")


def _volumes(name: str) -> Callable[..., None]:
    """From simulated stacks, then from real ones among them."""

    def command(
        *,
        data: Path,
        out: Out,
        simulated: Simulated = None,
        share: Share = 1.0,
        device: Device = "auto",
        threads: Threads = None,
    ) -> None:
        from apprentice_lab.recipes import bundled, volume_training, volumes  # here: they load torch

        tell(logging.INFO)
        recipe = volumes.shorten(bundled.VOLUMES[name], share)
        say(f"{volume_training.train(recipe, data, out, threads or os.cpu_count() or 1, device, simulated)}")

    return command


def _clicks(name: str) -> Callable[..., None]:
    """From images, by rounds of simulated clicks; one cycle."""

    def command(
        *,
        data: Path,
        out: Out,
        minutes: Minutes,
        fresh: Fresh = False,
        leave_out: LeaveOut = (),
        device: Device = "auto",
        threads: Threads = None,
    ) -> None:
        from apprentice_lab.clicks import methods, recipe, training  # here: they load torch

        tell(logging.INFO)
        start = None if fresh else methods.clicker()
        plan = training.ClickPlan(minutes, threads=threads or os.cpu_count() or 1, device=device)
        say(f"{recipe.make(data, out, plan, start, leave_out)}")

    return command


TRAININGS = (
    Training(
        "nuclei-2d",
        _images_further,
        "Folder with dsb2018/, bbbc039/, tissue_dapi16/ and histology_tnbc/.",
        "2D nuclei, from train of dsb2018, bbbc039 and tissue_dapi16 and from histology_tnbc; goes on where it "
        "stopped.",
    ),
    Training(
        "cells-2d",
        _images,
        "Folder with usiigaci_phase/.",
        "Whole cells in phase contrast, from the train split of usiigaci_phase; goes on where it stopped.",
    ),
    Training(
        "click-2d",
        _clicks,
        "Folder with all the sets.",
        "One object of any kind, asked for by clicks or a box; from train of all sets that may train weights and drawn "
        "objects.",
    ),
    Training(
        "membranes-2d",
        _images,
        "Folder with em_fib25/.",
        "Membranes in sections of electron microscopy, from the train part of em_fib25; goes on where it stopped.",
    ),
    Training(
        "membranes-3d",
        _images,
        "Folder with em_fib25/.",
        "Membranes in volumes of electron microscopy, from the train part of em_fib25; goes on where it stopped.",
    ),
    Training(
        "hippocampus",
        _images,
        "Folder with sharealike/hippocampus_msd/.",
        "Anterior and posterior hippocampus in MR, from hippocampus_msd; a model that is not given away.",
    ),
    Training(
        "nuclei-3d",
        _volumes,
        "Folder with nuclei3d_ovules/, nuclei3d_bbbc050/ and nuclei3d_stardist_mini/.",
        "Nuclei in volumes, from simulated stacks and then the train volumes of three sets; goes on where it stopped.",
    ),
    Training(
        "cells-3d",
        _volumes,
        "Folder with cells3d_ovule/ and cells3d_root/.",
        "Cells with stained membranes in volumes, from simulated and then real stacks; goes on where it stopped.",
    ),
)


for _one in TRAININGS:
    _command = _one.command(_one.recipe)
    _command.__annotations__["data"] = Annotated[Path, Parameter(help=_one.data)]
    train.command(_command, name=_one.recipe, help=_one.help)
