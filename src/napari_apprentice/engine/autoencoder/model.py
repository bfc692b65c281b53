"""How an auto-encoder is made of images that nobody has annotated.

What it has learnt of a kind of image can start a U-Net of the same widths (``encoder`` of a fresh network); its codes
say in a few numbers what a place looks like; taught with noise, it takes noise away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from napari_apprentice.architecture import NetSettings, preset
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.autoencoder.learning import Repeated, Repeating, learn, source_of
from napari_apprentice.engine.autoencoder.learning import repeat as repeat_pixels
from napari_apprentice.engine.device import pick
from napari_apprentice.errors import UserError
from napari_apprentice.settings import AutoencoderSettings, NormalizeSettings, Triple

_EDGE = {2: 128, 3: 48}


def train(
    volumes: Sequence[Volume],
    out: Path,
    settings: AutoencoderSettings,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> ModelHeader:
    """Teach the preset ``autoencoder`` to repeat images (T, C, Z, Y, X) and write it to `out`.

    `report` hears of every step and its loss. Raises `UserError` when the images do not go together.
    """
    if problem := why_not_together(volumes, settings.dims):
        raise UserError(problem)
    header = _header(volumes, out, settings)
    sources = [source_of(np.asarray(frame), header.normalize) for volume in volumes for frame in volume.pixels]
    how = Repeating(
        steps=settings.steps,
        patch=_patch(header.net),
        noise=settings.noise,
        gain=header.normalize.gain,
        loss=settings.loss,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
    )
    checkpoint.save(out, header, learn(header.net, sources, how, pick(settings.device), report))
    return header


def repeat(model: Path, volume: Volume, frame: int = 0) -> Repeated:
    """Codes and reconstruction of one frame of an image; `UserError` when the model is no auto-encoder for it."""
    header, net = checkpoint.load(model)
    return repeat_pixels(header, net, np.asarray(volume.pixels[frame]))


def why_not_together(volumes: Sequence[Volume], dims: int) -> str:
    """One sentence when images cannot teach one auto-encoder."""
    if not volumes:
        return "There is no image to learn from: give at least one."
    first = volumes[0]
    for volume in volumes:
        if dims == 3 and not volume.is_3d:
            return f"{volume.name} is 2D and the auto-encoder is to see volumes: leave it out, or choose 2 dims."
        if volume.pixels.shape[1] != first.pixels.shape[1]:
            return (
                f"{first.name} has {first.pixels.shape[1]} channel(s) and {volume.name} {volume.pixels.shape[1]}: "
                "choose images with as many channels."
            )
    return ""


def _header(volumes: Sequence[Volume], out: Path, settings: AutoencoderSettings) -> ModelHeader:
    first, normalize = volumes[0], NormalizeSettings()
    channels = int(first.pixels.shape[1])
    inputs = channels * normalize.inputs_per_channel
    net = preset("autoencoder", settings.dims, inputs, inputs, settings.width, first.spacing)
    return ModelHeader(
        id=out.stem,
        name=out.stem,
        kind="values",
        net=net.model_copy(update={"codes": settings.codes}),
        normalize=normalize,
        image_channels=channels,
        spacing=None if first.unit == "pixel" else first.spacing,
        unit=first.unit,
        trained_on=tuple(volume.name for volume in volumes),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=f"auto-encoder, {settings.steps} steps, noise up to {settings.noise}",
    )


def _patch(net: NetSettings) -> Triple:
    """A patch that goes down to a few codes along each axis; z as deep, for its spacing, as it is wide."""
    edge = _EDGE[net.dims]
    z, y, x = net.multiple
    return (1 if net.dims == 2 else max(z, edge * z // y), edge - edge % y, edge - edge % x)
