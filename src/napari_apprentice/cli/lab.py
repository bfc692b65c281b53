"""The one door to `apprentice_lab`, in which bundled models are trained and measured, and which no wheel holds."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from napari_apprentice.cli.autoencoder import autoencoder
from napari_apprentice.errors import UserError

Anything = Annotated[str, Parameter(allow_leading_hyphen=True, show=False)]


def elsewhere(*arguments: Anything, **options: Anything) -> None:
    """Bundled models are trained and measured in a checkout of the sources."""
    raise UserError(
        "The bundled models are trained and measured by apprentice_lab, which is not in the installed package: "
        "run this command in a checkout of napari-apprentice, installed with pip install -e ."
    )


try:
    from apprentice_lab.commands.bench import bench
    from apprentice_lab.commands.train import train
except ModuleNotFoundError as missing:
    if missing.name != "apprentice_lab":
        raise
    bench, train = App(name="bench"), App(name="train")
    for command in (bench, train):
        command.default(elsewhere)

train.command(autoencoder)
