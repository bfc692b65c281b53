"""Which channels of an image a network looks at, in which order, and RGB for a network of one channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

LUMINANCE = (0.299, 0.587, 0.114)  # Rec. ITU-R BT.601
CHOSEN = "chosen_channels"  # in `Volume.metadata`: the places, in the file, of the channels that were chosen


def fits(volume: Volume, count: int) -> bool:
    """Whether `fit_to_model` gives an image of ``count`` channels."""
    channels = int(volume.pixels.shape[1])
    return channels == count or (count == 1 and channels == len(LUMINANCE) and bool(volume.metadata.get("rgb")))


def fit_to_model(volume: Volume, count: int) -> Volume:
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


def one_channel(volume: Volume, channel: int | str) -> Volume:
    """The image with only this channel, by name or counted from 0; `UserError` when there is no such channel."""
    return chosen_channels(volume, (channel,))


def chosen_channels(volume: Volume, channels: Sequence[int | str]) -> Volume:
    """The image with these channels in this order: what each input of a network looks at.

    Parameters
    ----------
    channels
        Names or numbers from 0, such as ``("dapi", "actin")`` or ``(2, 0)``; empty: all as they are.

    Returns
    -------
    Volume
        Pixels (T, len(channels), Z, Y, X); a view where the channels lie evenly spaced, and lazy arrays stay unread.

    Raises
    ------
    UserError
        When the image has no such channel.
    """
    count = int(volume.pixels.shape[1])
    wanted = numbers_of(volume, channels)
    if not wanted or wanted == tuple(range(count)):
        return volume
    before = volume.metadata.get(CHOSEN) or range(count)
    told = {**volume.metadata, "rgb": False, CHOSEN: [before[i] for i in wanted]}
    names = tuple(volume.channels[i] for i in wanted) if len(volume.channels) == count else ()
    return replace(volume.through(lambda pixels: take_channels(pixels, wanted)), channels=names, metadata=told)


def numbers_of(volume: Volume, channels: Sequence[int | str]) -> tuple[int, ...]:
    """The places of channels given by name or number; `UserError` that lists the channels there are."""
    return tuple(_number(volume, channel) for channel in channels)


def names_of(volume: Volume) -> tuple[str, ...]:
    """What each channel is called: as the file says, else its number."""
    count = int(volume.pixels.shape[1])
    known = volume.channels if len(volume.channels) == count else ("",) * count
    return tuple(name or f"channel {i}" for i, name in enumerate(known))


def list_channels(volume: Volume) -> str:
    """The channels for a sentence: "0 to 3 (dapi, actin, er, rna)"."""
    last = int(volume.pixels.shape[1]) - 1
    known = len(volume.channels) == last + 1 and any(volume.channels)
    return f"0 to {last}" + (f" ({', '.join(names_of(volume))})" if known else "")


def take_channels(pixels: Any, wanted: Sequence[int]) -> Any:
    """Channels of pixels (T, C, Z, Y, X) by their places, without reading what is not in memory yet."""
    steps = {second - first for first, second in pairwise(wanted)} or {1}
    step = steps.pop()
    if not steps and step != 0 and hasattr(pixels, "transpose"):  # zarr reads when it is sliced
        stop = wanted[-1] + step
        return pixels[:, wanted[0] : stop if stop >= 0 else None : step]
    if isinstance(pixels, np.memmap) or not hasattr(pixels, "transpose"):
        from dask.array import from_array  # a second of import time that most images do not need

        pixels = from_array(pixels, chunks=getattr(pixels, "chunks", None) or "auto")  # type: ignore[no-untyped-call]
    return pixels[:, list(wanted)]


def _number(volume: Volume, channel: int | str) -> int:
    names = [name.strip().lower() for name in volume.channels]
    wanted = str(channel).strip().lower()
    if isinstance(channel, str) and names.count(wanted) == 1 and len(names) == volume.pixels.shape[1]:
        return names.index(wanted)
    if wanted.isdecimal() and int(wanted) < volume.pixels.shape[1]:
        return int(wanted)
    raise UserError(
        f"{volume.name} has channels {list_channels(volume)} but {channel} was asked for: choose one of these."
    )
