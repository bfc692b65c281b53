"""From the state of a session to jobs: pixels and corrections are laid out where another process can map them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from napari_apprentice.architecture import FreshSettings, NetSettings
from napari_apprentice.data import scratch
from napari_apprentice.data.channels import fitting
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef, LessonRef, VolumeRef
from napari_apprentice.project.durable import make_folder
from napari_apprentice.session.entry import Entry
from napari_apprentice.settings import NormalizeSettings


def pixels_of(entry: Entry, header: ModelHeader | None, folder: Path) -> VolumeRef:
    """Name the pixels of an image, in the channels that a model takes (None: all).

    They are written once to ``folder`` when they are not in such a file already.
    """
    volume = entry.volume
    count = int(volume.pixels.shape[1]) if header is None else header.image_channels
    if count not in entry.pixels:
        volume = fitting(volume, count)
        path = _own_file(volume) or folder / f"{entry.id}-{entry.reading}-{count}.npy"
        if path.parent == folder and not path.exists():
            _write(path, volume)
        names = tuple(volume.channels) if len(volume.channels) == volume.pixels.shape[1] else ()
        entry.pixels[count] = VolumeRef(pixels=ArrayRef(path=str(path)), channels=names)
    spacing = (float(volume.spacing[0]), float(volume.spacing[1]), float(volume.spacing[2]))
    return entry.pixels[count].model_copy(update={"spacing": spacing, "unit": volume.unit, "name": volume.name})


def lessons_of(
    entries: Sequence[Entry], header: ModelHeader | None, images: Path, folder: Path
) -> tuple[LessonRef, ...]:
    """The corrections as they are now; copied, so that painting on does not hurt."""
    lessons = []
    try:
        for entry in entries:
            lessons.append(
                LessonRef(
                    image=pixels_of(entry, header, images),
                    labels=scratch.write(folder / f"{entry.id}-labels.npy", entry.labels),
                    vouched=scratch.write(folder / f"{entry.id}-vouched.npy", entry.vouched),
                    key=entry.id,
                )
            )
    except (OSError, UserError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return tuple(lessons)


def fresh_net(settings: FreshSettings, volumes: Sequence[Volume], out_channels: int) -> NetSettings:
    """The network that `settings` choose for these images, 3D if all are; `UserError` when it is not for them.

    Its pooling honours the spacing of the first.
    """
    volume = volumes[0]
    return settings.net(
        3 if all(one.is_3d for one in volumes) else 2,
        volume.spacing,
        int(volume.pixels.shape[1]) * NormalizeSettings().inputs_per_channel,
        out_channels,
    )


def why_not_encoder(settings: FreshSettings) -> str:
    """One sentence when the weights to start with are not there."""
    path = settings.encoder
    if path is None or path.is_file():
        return ""
    return f"There is no file {path} with weights for the encoder: choose another one, or none."


def _own_file(volume: Volume) -> Path | None:
    """The ``.npy`` file that these pixels are a memory map of, all of it and as it is."""
    pixels = volume.pixels
    if not isinstance(pixels, np.memmap) or not str(pixels.filename).endswith(".npy"):
        return None
    path = Path(str(pixels.filename))
    try:
        whole = np.load(path, mmap_mode="r")
    except (OSError, ValueError):
        return None
    same = whole.shape == pixels.shape and whole.dtype == pixels.dtype and whole.strides == pixels.strides
    return path if same and whole.offset == pixels.offset else None


def _write(path: Path, volume: Volume) -> None:
    make_folder(path.parent)
    unfinished = path.with_suffix(".part")
    try:
        target = scratch.create(unfinished, tuple(volume.pixels.shape), volume.pixels.dtype)
        for t in range(target.shape[0]):  # frame by frame: a lazy image need not fit into memory
            target[t] = np.asarray(volume.pixels[t])
        target.flush()
        del target
        unfinished.replace(path)
    except OSError as error:
        raise UserError(
            f"The pixels of {volume.name} cannot be written to {path.parent} ({error.strerror}): free some space there."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
