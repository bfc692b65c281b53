"""Making the channels of an image fit a model that was taught on another number of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError

LUMINANCE = (0.299, 0.587, 0.114)  # Rec. ITU-R BT.601


def fits(volume: Volume, count: int) -> bool:
    """Whether `fitting` gives an image of ``count`` channels."""
    channels = int(volume.pixels.shape[1])
    return channels == count or (count == 1 and channels == len(LUMINANCE) and bool(volume.metadata.get("rgb")))


def fitting(volume: Volume, count: int) -> Volume:
    """The image for a model of ``count`` channels: RGB becomes luminance for one, all else stays as it is.

    What cannot be made to fit is left to the caller to refuse: leaving a channel out is a choice for a person.
    """
    if volume.pixels.shape[1] == count or not fits(volume, count):
        return volume
    pixels = luminance(np.asarray(volume.pixels))
    return replace(volume, pixels=pixels, channels=("luminance",), metadata={**volume.metadata, "rgb": False})


def luminance(pixels: Any) -> Any:
    """One channel of RGB pixels (T, C, Z, Y, X), float32; dask arrays stay unread."""
    return np.einsum("tczyx,c->tzyx", pixels.astype(np.float32), np.array(LUMINANCE, np.float32))[:, None]


def one_channel(volume: Volume, channel: int) -> Volume:
    """The image with only this channel, counted from 0; `UserError` when there is no such channel."""
    count = int(volume.pixels.shape[1])
    if not 0 <= channel < count:
        raise UserError(
            f"{volume.name} has channels 0 to {count - 1} but {channel} was asked for: choose one of these."
        )
    names = volume.channels[channel : channel + 1] if len(volume.channels) == count else ()
    chosen = volume.through(lambda array: array[:, channel : channel + 1])
    return replace(chosen, channels=names, metadata={**volume.metadata, "rgb": False})
