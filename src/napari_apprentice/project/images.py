"""Which image an entry is about: recognised when it comes again, and reopened from its own file.

Pixels are copied into the project only when no file gives them back.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data import files, scratch
from napari_apprentice.data.lazy import windows
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Settings

_SAMPLED_PLANES = 8
_SAMPLED_EDGE = 256
_SAMPLED_EVENLY = 1 << 27  # voxels; of a larger image windows are looked at, which lie in few chunks of its file
_WRITTEN = str | int | float | bool | list


class Reading(Settings):
    """How an image was taken from what its file gives: axes exchanged, one channel chosen.

    ``order`` says which of the file's first three axes (0 T, 1 C, 2 Z) became T, C and Z.
    """

    order: tuple[int, int, int] = (0, 1, 2)
    channel: int | None = None

    def of(self, pixels: Any) -> Any:
        """These pixels (T, C, Z, Y, X), read so."""
        turned = pixels if self.order == (0, 1, 2) else pixels.transpose((*self.order, 3, 4))
        return turned if self.channel is None else turned[:, self.channel : self.channel + 1]


class ImageRecord(Settings):
    """What is written about an image; ``content`` is a hash of sampled pixels, ``copied``: the project has them."""

    name: str
    source: str | None
    shape: tuple[int, int, int, int, int]
    dtype: str
    spacing: tuple[float, float, float]
    unit: str
    channels: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    content: str
    copied: bool = False
    reading: Reading = Reading()


def record_of(volume: Volume) -> ImageRecord:
    """Describe an image so that it can be found again."""
    return ImageRecord(
        name=volume.name,
        source=None if volume.source is None else str(Path(volume.source).absolute()),
        shape=tuple(int(n) for n in volume.pixels.shape),
        dtype=str(volume.pixels.dtype),
        spacing=tuple(float(step) for step in volume.spacing),
        unit=volume.unit,
        channels=tuple(str(channel) for channel in volume.channels),
        metadata={key: value for key, value in volume.metadata.items() if isinstance(value, _WRITTEN)},
        content=content_hash(volume.pixels),
    )


def content_hash(pixels: Any) -> str:
    """A hash of shape, dtype and a regular sample of pixels (T, C, Z, Y, X); lazy arrays are read sparsely."""
    digest = hashlib.sha256(f"{tuple(pixels.shape)} {np.dtype(pixels.dtype)}".encode())
    t, c, z, y, x = pixels.shape
    if math.prod(pixels.shape) > _SAMPLED_EVENLY:
        digest.update(windows(pixels).tobytes())
        return digest.hexdigest()[:16]
    planes = np.unique(np.linspace(0, t * c * z - 1, _SAMPLED_PLANES).astype(int))
    step_y, step_x = -(-y // _SAMPLED_EDGE), -(-x // _SAMPLED_EDGE)
    for index in planes:
        at = np.unravel_index(index, (t, c, z))
        plane = np.asarray(pixels[int(at[0]), int(at[1]), int(at[2]), ::step_y, ::step_x])
        digest.update(np.ascontiguousarray(plane).tobytes())
    return digest.hexdigest()[:16]


def entry_id(record: ImageRecord) -> str:
    """The same for the same image at the same place."""
    return hashlib.sha256(f"{record.source or ''} {record.content}".encode()).hexdigest()[:12]


def is_same(known: ImageRecord, coming: ImageRecord) -> bool:
    """Whether ``coming`` is the image ``known``, possibly moved to another place since."""
    if known.content != coming.content:
        return False
    if known.source == coming.source or known.source is None or coming.source is None:
        return True
    return not files.is_there(known.source)


def keep(volume: Volume, record: ImageRecord, folder: Path) -> ImageRecord:
    """Make sure that `reopen` will give the pixels back; copies them when their file does not."""
    if record.source is not None:
        with suppress(UserError):
            found = files.read_image(record.source)
            for reading in _readings(found.pixels, record.shape):
                if content_hash(reading.of(found.pixels)) == record.content:
                    return record.model_copy(update={"reading": reading})
    scratch.write(folder / "pixels.npy", volume.pixels)
    return record.model_copy(update={"copied": True})


def reopen(record: ImageRecord, folder: Path) -> Volume:
    """The image as it was added; `UserError` when its file is gone or is another image now."""
    if not record.copied:
        return _from_source(record)
    path = folder / "pixels.npy"
    try:
        pixels = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise UserError(
            f"The pixels of {record.name} are missing in the project ({path}): add the image again."
        ) from error
    return _as_recorded(Volume(pixels), record)


def why_missing(record: ImageRecord, folder: Path) -> str:
    """One sentence when the image's file is gone; looks, but does not read."""
    if record.copied:
        path = folder / "pixels.npy"
        return (
            "" if path.exists() else f"The pixels of {record.name} are missing in the project ({path}): add it again."
        )
    if record.source is not None and files.is_there(record.source):
        return ""
    return f"The image {record.name} is not at {record.source} any more: put it back, or open it from its new place."


def _from_source(record: ImageRecord) -> Volume:
    found = files.read_image(record.source or "")
    changed = UserError(f"{record.source} is not the image it was ({record.name} {record.shape}): restore the file.")
    if record.reading not in list(_readings(found.pixels, record.shape)):
        raise changed
    found = found.through(record.reading.of)
    if content_hash(found.pixels) != record.content:
        raise changed
    return _as_recorded(found, record)


def _readings(pixels: Any, shape: tuple[int, ...]) -> Iterator[Reading]:
    """The ways to take pixels of this shape from what the file gives, the plain one first."""
    for order in permutations((0, 1, 2)):
        turned = (*(pixels.shape[axis] for axis in order), *pixels.shape[3:])
        if turned == shape:
            yield Reading(order=order)
        elif shape[1] == 1 and (turned[0], 1, *turned[2:]) == shape:
            yield from (Reading(order=order, channel=channel) for channel in range(turned[1]))


def _as_recorded(volume: Volume, record: ImageRecord) -> Volume:
    return replace(
        volume,
        spacing=record.spacing,
        unit=record.unit,
        channels=record.channels,
        name=record.name,
        source=record.source,
        metadata={**volume.metadata, **record.metadata},
    )
