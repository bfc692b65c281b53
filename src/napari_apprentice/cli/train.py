"""``apprentice train``: how the bundled models were made, and models of one's own from images without labels."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Group, Parameter
from rich.progress import Progress

from napari_apprentice.cli.progress import console, say
from napari_apprentice.cli.segment import images_in
from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError
from napari_apprentice.settings import AutoencoderSettings

Options = Annotated[AutoencoderSettings, Parameter(name="*", group=Group("Settings"))]

train = App(name="train", help="Train a model from its recipe.")


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
    _train("nuclei_2d", data, out)


@train.command(name="cells-2d")
def cells_2d(*, data: Path, out: Path) -> None:
    """Whole cells in phase contrast, from the train split of usiigaci_phase; goes on where it stopped.

    Parameters
    ----------
    data
        Folder with usiigaci_phase/.
    out
        Folder for checkpoints and the finished model.
    """
    _train("cells_2d", data, out)


@train.command
def autoencoder(
    *,
    images: Annotated[list[Path], Parameter(consume_multiple=True, negative="")],
    out: Path,
    settings: Options = AutoencoderSettings(),  # noqa: B008 (frozen)
) -> None:
    """An auto-encoder of images without labels: its encoder can start a fresh network of the same width.

    Parameters
    ----------
    images
        Images, or folders of images.
    out
        The model file (.safetensors) to write.
    """
    if out.suffix != ".safetensors":
        raise UserError(f"{out} is no name for a model: let it end in .safetensors.")
    volumes = [read_image(image) for path in images for image in images_in(path)]
    with Progress(console=console(), transient=True) as bar:
        task = bar.add_task("Learning to repeat images", total=settings.steps)

        def report(step: int, loss: float) -> None:
            bar.update(task, completed=step, description=f"Learning to repeat images, loss {loss:.4f}")

        header = _recipe("autoencoder").train(volumes, out, settings, report)
    say(f"{out}: {header.net.codes} codes for every {header.net.multiple[1]} x {header.net.multiple[2]} pixels")


def _train(recipe: str, data: Path, out: Path) -> None:
    # by name: a recipe loads torch, and the other commands should not wait for it
    what = import_module(f"napari_apprentice.recipes.{recipe}").RECIPE
    say(f"{import_module('napari_apprentice.recipes.recipe').train(what, data, out)}")


def _recipe(name: str) -> Any:
    """By name: a recipe loads torch, and the other commands should not wait for it."""
    return import_module(f"napari_apprentice.recipes.{name}")
