"""Which image an entry is about: recognised when it comes again, and reopened from its own file.

Pixels are copied into the project only when no file gives them back.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, ValidationError, field_validator, model_validator

from napari_apprentice.data import files
from napari_apprentice.data.files.place import as_text
from napari_apprentice.data.image.channels import CHOSEN, take_channels
from napari_apprentice.data.image.lazy import windows
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import npy, scratch
from napari_apprentice.errors import UserError
from napari_apprentice.project import numbered, salvage
from napari_apprentice.settings import FiniteSettings, Settings

_SAMPLED_PLANES = 8
_SAMPLED_EDGE = 256
_LARGEST_COPY = 1 << 33  # bytes of an image without a file that a project keeps
_SAMPLED_EVENLY = 1 << 27  # voxels; of a larger image windows are looked at, which lie in few chunks of its file
_Length = Annotated[int, Field(ge=1, lt=1 << 31)]
_Axis = Annotated[int, Field(ge=0, le=2)]
_Step = Annotated[float, Field(gt=0)]
_WRITTEN = str | int | float | bool | list


class ImageReading(Settings):
    """How an image was taken from what its file gives: axes exchanged, channels chosen (empty: all).

    ``order`` says which of the file's first three axes (0 T, 1 C, 2 Z) became T, C and Z.
    """

    order: tuple[_Axis, _Axis, _Axis] = (0, 1, 2)
    channels: tuple[Annotated[int, Field(ge=0)], ...] = ()

    @field_validator("order")
    @classmethod
    def _is_an_order(cls, order: tuple[int, int, int]) -> tuple[int, int, int]:
        if sorted(order) != [0, 1, 2]:
            raise ValueError("each axis is one of the three, once")
        return order

    @model_validator(mode="before")
    @classmethod
    def _from_one_channel(cls, told: Any) -> Any:
        """Projects of before could have one channel, or all."""
        if not isinstance(told, dict) or "channel" not in told:
            return told
        channel = told["channel"]
        rest = {name: value for name, value in told.items() if name != "channel"}
        return rest if channel is None else {"channels": (channel,), **rest}

    def of(self, pixels: Any) -> Any:
        """These pixels (T, C, Z, Y, X), read so."""
        turned = pixels if self.order == (0, 1, 2) else pixels.transpose((*self.order, 3, 4))
        return take_channels(turned, self.channels) if self.channels else turned

    def shape_of(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of pixels of this shape, read so; () when they do not have such channels."""
        t, c, z = (int(shape[axis]) for axis in self.order)
        if any(channel >= c for channel in self.channels):
            return ()
        return t, len(self.channels) or c, z, int(shape[3]), int(shape[4])


class ImageRecord(FiniteSettings):
    """What is written about an image; ``content`` is a hash of sampled pixels, ``copied``: the project has them."""

    name: str
    source: str | None
    shape: tuple[_Length, _Length, _Length, _Length, _Length]
    dtype: str
    spacing: tuple[_Step, _Step, _Step]
    unit: str
    channels: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    content: str
    copied: bool = False
    reading: ImageReading = ImageReading()
    by_region: bool = False  # its labels are worked on region by region


def record_of(volume: Volume, *, by_region: bool = False) -> ImageRecord:
    """Describe an image so that it can be found again."""
    source = None if volume.source is None else str(Path(volume.source).absolute())
    return ImageRecord(
        name=as_text(volume.name),
        source=source if source is None or as_text(source) == source else None,  # the pixels are copied then
        shape=tuple(int(n) for n in volume.pixels.shape),
        dtype=str(volume.pixels.dtype),
        spacing=tuple(float(step) for step in volume.spacing),
        unit=volume.unit,
        channels=tuple(str(channel) for channel in volume.channels),
        metadata={key: value for key, value in volume.metadata.items() if isinstance(value, _WRITTEN)},
        content=content_hash(volume.pixels),
        by_region=by_region,
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


def entry_id(record: ImageRecord, taken: Collection[str] = ()) -> str:
    """The same for the same image at the same place, and none of those that other images have.

    Those may have been this one: until their file was moved, or their pixels were exchanged.
    """
    names = (f"{record.source or ''} {record.content}" + " again" * again for again in itertools.count())
    ids = (hashlib.sha256(name.encode()).hexdigest()[:12] for name in names)
    return next(id_ for id_ in ids if id_ not in taken)


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
            for reading in _readings(found.pixels.shape, record):
                if content_hash(reading.of(found.pixels)) == record.content:
                    return record.model_copy(update={"reading": reading})
    if record.by_region and math.prod(record.shape) * np.dtype(record.dtype).itemsize > _LARGEST_COPY:
        raise UserError(
            f"{record.name} is too large to be copied into a project and no file gives it back: "
            "save it as OME-Zarr and open that."
        )
    scratch.write(folder / "pixels.npy", volume.pixels, f"the pixels of {record.name}")
    return record.model_copy(update={"copied": True})


def reopen(record: ImageRecord, folder: Path) -> Volume:
    """The image as it was added; `UserError` when its file is gone or is another image now."""
    if not record.copied:
        return _from_source(record)
    path = folder / "pixels.npy"
    try:
        pixels = npy.open_mapped(path) if numbered.is_readable(path) else None
    except (OSError, ValueError, EOFError):
        pixels = None
    if pixels is None or pixels.shape != record.shape or content_hash(pixels) != record.content:
        raise UserError(
            f"The pixels of {record.name} are missing or damaged in the project ({path}): "
            "add the image again, and its labels are there."
        )
    return _as_recorded(Volume(pixels), record)


def keep_again(volume: Volume, record: ImageRecord, folder: Path) -> None:
    """Copy the pixels of an image once more when the copy in the project was lost or damaged."""
    try:
        reopen(record, folder)
    except UserError:
        path = folder / "pixels.npy"
        if os.path.lexists(path):
            numbered.set_aside(path)
        scratch.write(path, volume.pixels)


def read_record(path: Path) -> tuple[ImageRecord, list[str]]:
    """What ``entry.json`` in a folder says, and the names in it that had wrong values.

    `UserError` when it cannot be read.
    """
    instead = {"name": "image", "spacing": (1.0, 1.0, 1.0), "unit": "pixel"}
    try:
        return salvage.read(path / "entry.json", ImageRecord, instead)
    except (OSError, ValueError, ValidationError) as error:
        raise UserError(
            f"{path / 'entry.json'} cannot be read, which says which image it is about: "
            "open that image again, and its labels are there; or restore the file from a copy."
        ) from error


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
    if record.reading.shape_of(found.pixels.shape) != record.shape:
        raise changed
    found = found.through(record.reading.of)
    if content_hash(found.pixels) != record.content:
        raise changed
    return _as_recorded(found, record)


def _readings(shape: Sequence[int], record: ImageRecord) -> Iterator[ImageReading]:
    """The ways to take the recorded image from pixels of this shape, the likely ones first."""
    chosen = tuple(record.metadata.get(CHOSEN, ()))
    singles = [(channel,) for channel in range(max(shape[:3]))] if record.shape[1] == 1 else []
    for channels in dict.fromkeys([chosen, (), *singles]):
        for order in permutations((0, 1, 2)):
            reading = ImageReading(order=order, channels=channels)
            if reading.shape_of(shape) == record.shape:
                yield reading


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
