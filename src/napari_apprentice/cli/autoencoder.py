"""``apprentice train autoencoder``: a model of one's own from images without labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Group, Parameter

from napari_apprentice.cli.progress import progress_bar, say
from napari_apprentice.data.files import read_image
from napari_apprentice.errors import UserError
from napari_apprentice.session.batch import images_in
from napari_apprentice.settings import AutoencoderSettings

Options = Annotated[AutoencoderSettings, Parameter(name="*", group=Group("Settings"))]


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
    from napari_apprentice.engine.autoencoder import train  # here: it loads torch, and other commands need not wait

    volumes = [read_image(image) for path in images for image in images_in(path)]
    with progress_bar() as bar:
        task = bar.add_task("Learning to repeat images", total=settings.steps)

        def report(step: int, loss: float) -> None:
            bar.update(task, completed=step, description=f"Learning to repeat images, loss {loss:.4f}")

        header = train(volumes, out, settings, report)
    say(f"{out}: {header.net.codes} codes for every {header.net.multiple[1]} x {header.net.multiple[2]} pixels")
