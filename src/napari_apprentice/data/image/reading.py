"""An image read as people say: axes and pixel size that its file leaves open, and the channels they want."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from napari_apprentice.data.image import axes as axis_order
from napari_apprentice.data.image.axes import ORDER, describe_axes, to_volume
from napari_apprentice.data.image.channels import chosen_channels
from napari_apprentice.data.image.units import PIXEL, UNITS, are_steps, plain_unit
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ReadAs


def read_as(volume: Volume, said: ReadAs) -> Volume:
    """The image with the axes, the spacing and the channels that people say; nothing is read.

    `UserError` when the axes cannot be right, the spacing is none, or there is no such channel.
    """
    if said.axes and said.axes.upper() != volume.metadata.get("axes"):
        volume = _with_axes(volume, said.axes.upper())
    elif said.axes:
        volume = replace(volume, metadata={**volume.metadata, "guessed": False})
    if said.spacing is not None or said.unit:
        volume = _with_spacing(volume, said)
    return chosen_channels(volume, said.channels)


@dataclass(frozen=True)
class NotSaid:
    """Something that a file leaves open (``about``), and in words what it is taken for."""

    about: Literal["axes", "spacing"]
    words: str


def not_said(volume: Volume) -> list[NotSaid]:
    """What the file leaves open, for people to say."""
    found = []
    if volume.metadata.get("guessed"):
        found.append(
            NotSaid("axes", f"the file does not name its axes, read as {describe_axes(volume.metadata['axes'])}")
        )
    if volume.unit == PIXEL:
        found.append(NotSaid("spacing", "the file does not say its pixel size, sizes are in pixels"))
    return found


def _with_axes(volume: Volume, axes: str) -> Volume:
    """The array as it lies in its file, and from there to the axes that were said."""
    told = volume.metadata.get("axes") or "".join(
        letter for letter, length in zip(ORDER, volume.pixels.shape, strict=True) if length > 1 or letter in "YX"
    )
    ours = ORDER.replace("C", "S") if "S" in told else ORDER  # samples of RGB are its channels
    array = volume.pixels[tuple(slice(None) if letter in told else 0 for letter in ours)]
    here = [letter for letter in ours if letter in told]
    array = array.transpose([here.index(letter) for letter in told])
    sentence = axis_order.why_not_axes(axes, array.shape)
    if sentence:
        raise UserError(f"{volume.name}: {sentence}")
    read = to_volume(array, axes, volume.spacing, volume.unit, name=volume.name, source=volume.source)
    same_channels = read.pixels.shape[1] == len(volume.channels)
    kept = {name: value for name, value in volume.metadata.items() if name not in ("affine", "orientation", "guessed")}
    return replace(read, channels=volume.channels if same_channels else (), metadata={**kept, **read.metadata})


def _with_spacing(volume: Volume, said: ReadAs) -> Volume:
    unit = volume.unit if not said.unit else plain_unit(said.unit)
    if said.unit and unit == PIXEL and said.unit.lower() not in (PIXEL, "px"):
        raise UserError(f"{said.unit} is not a unit of length: use one of {', '.join(UNITS)}.")
    spacing = said.spacing or volume.spacing
    if not are_steps(spacing):
        steps = " ".join(f"{step:g}" for step in spacing)
        raise UserError(f"A spacing of {steps} is not positive and of a sensible size: give z, y and x.")
    return replace(volume, spacing=spacing, unit=unit)
