"""From the state of a session to jobs: pixels and corrections are laid out where another process can map them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from napari_apprentice.architecture import FreshSettings, NetSettings
from napari_apprentice.data.geometry.regions import Region, cells_of
from napari_apprentice.data.image.channels import CHOSEN, fit_to_model
from napari_apprentice.data.image.sampling import sample
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels.corrections import teaching_part
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.representations import USUAL, representation
from napari_apprentice.data.storage import npy, scratch
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef, TrainingImageRef, VolumeRef
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.settings import ClassName, Kind, NormalizeSettings, ReadAs

_SAMPLED_WHOLE = 1 << 22  # voxels: what a window may wait for


def pixels_of(entry: ProjectImage, header: ModelHeader | None, folder: Path) -> VolumeRef:
    """Name the pixels of an image, in the channels that a model takes (None: all).

    They are written once to ``folder`` when they are not in such a file already.
    """
    volume = entry.volume
    count = int(volume.pixels.shape[1]) if header is None else header.image_channels
    if count not in entry.pixels:
        volume = fit_to_model(entry.part, count)
        corner = "-".join(str(part.start) for part in entry.region)
        path = _own_file(volume) or folder / f"{entry.id}-{entry.readings}-{corner}-{count}.npy"
        if path.parent == folder and not path.exists():
            scratch.write(path, volume.pixels, f"the pixels of {volume.name}")
        names = tuple(volume.channels) if len(volume.channels) == volume.pixels.shape[1] else ()
        fitted_on = _sampled(entry, count, folder)
        entry.pixels[count] = VolumeRef(pixels=ArrayRef(path=str(path)), channels=names, fitted_on=fitted_on)
    told = {"spacing": _three(volume), "unit": volume.unit, "name": volume.name}
    return entry.pixels[count].model_copy(update=told)


def field_of(
    entry: ProjectImage, header: ModelHeader | None, field: Region, folder: Path, name: str
) -> tuple[VolumeRef, tuple[str, ...]]:
    """Name the pixels of a part of what is open, one frame, and the files that were written for it alone.

    ``field`` is in the entry's labels. What intensities mean is fitted on the whole frame, as when all is segmented.
    """
    whole = pixels_of(entry, header, folder)
    t, z, y, x = (slice(a.start + b.start, a.stop + b.start) for a, b in zip(field, entry.inner, strict=True))
    count = int(entry.volume.pixels.shape[1]) if header is None else header.image_channels
    part = fit_to_model(replace(entry.part, pixels=entry.part.pixels[t, :, z, y, x]), count)
    pixels = scratch.write(folder / f"{name}-field.npy", part.pixels, f"a part of {whole.name}")
    fitted_on, own = whole.fitted_on or whole.pixels, [pixels.path]
    if whole.fitted_on is None and entry.part.pixels.shape[0] > 1:
        frame = sample(scratch.read(whole.pixels)[t.start], _SAMPLED_WHOLE)
        fitted_on = scratch.write(folder / f"{name}-frame.npy", frame[None], f"a frame of {whole.name}")
        own.append(fitted_on.path)
    return whole.model_copy(update={"pixels": pixels, "fitted_on": fitted_on}), tuple(own)


def training_data_of(
    entries: Sequence[ProjectImage], header: ModelHeader | None, images: Path, folder: Path
) -> tuple[TrainingImageRef, ...]:
    """The corrections as they are now; copied, so that painting on does not hurt."""
    training_data: list[TrainingImageRef] = []
    try:
        for entry in entries:
            if isinstance(entry, LargeProjectImage):
                training_data += _cells(entry, header, folder)
                continue
            was_read = entry.is_read
            training_data.append(
                TrainingImageRef(
                    image=pixels_of(entry, header, images),
                    labels=scratch.write(folder / f"{entry.id}-labels.npy", entry.labels),
                    confirmed=scratch.write(folder / f"{entry.id}-confirmed.npy", teaching_part(entry.confirmed)),
                    key=entry.id,
                )
            )
            if not was_read:
                entry.put_down()
    except (OSError, UserError):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return tuple(training_data)


def _cells(entry: LargeProjectImage, header: ModelHeader | None, folder: Path) -> Iterator[TrainingImageRef]:
    """The parts of a large image in which anything is confirmed; nothing else of it is read."""
    entry.keep_snapshot()
    store, volume = entry.folder.store, entry.volume
    count = int(volume.pixels.shape[1]) if header is None else header.image_channels
    fitted_on = _sampled(entry, count, folder.parent)
    cells = {_starts(cell): cell for part in store.confirmed_chunks() for cell in cells_of(part, entry.shape)}
    for number, (_, cell) in enumerate(sorted(cells.items())):
        labels, confirmed = store.read(cell)
        confirmed = teaching_part(confirmed)
        if not confirmed.any():
            continue
        t, z, y, x = cell
        part = fit_to_model(replace(volume, pixels=volume.pixels[t, :, z, y, x]), count)
        names = tuple(part.channels) if len(part.channels) == part.pixels.shape[1] else ()
        name = f"{entry.id}-{number}"
        image = VolumeRef(
            pixels=scratch.write(folder / f"{name}.npy", part.pixels),
            spacing=_three(volume),
            unit=volume.unit,
            name=volume.name,
            channels=names,
            fitted_on=fitted_on,
        )
        yield TrainingImageRef(
            image=image,
            labels=scratch.write(folder / f"{name}-labels.npy", labels),
            confirmed=scratch.write(folder / f"{name}-confirmed.npy", confirmed),
            key=f"{entry.id} {y.start} {x.start}",  # one place in all frames and slices
        )


def _sampled(entry: ProjectImage, count: int, folder: Path) -> ArrayRef | None:
    """What intensities of a large image are fitted on, so that all its parts agree; None: the pixels themselves."""
    if not isinstance(entry, LargeProjectImage):
        return None
    path = folder / f"{entry.id}-{entry.readings}-{count}-sample.npy"
    if path.exists():
        return ArrayRef(path=str(path))
    frame = sample(entry.volume.pixels[0], _SAMPLED_WHOLE)
    return scratch.write(path, fit_to_model(replace(entry.volume, pixels=frame[None]), count).pixels)


def in_file(entry: LargeProjectImage) -> ReadAs | None:
    """How another process reads an image from its file; None for one that is not as it is there."""
    image = entry.folder.image
    chosen = entry.volume.metadata.get(CHOSEN) and not image.reading.channels
    if image.source is None or image.copied or chosen or image.reading.order != (0, 1, 2):
        return None
    return ReadAs(channels=image.reading.channels, spacing=image.spacing, unit=image.unit)


def _starts(cell: Region) -> tuple[int, ...]:
    return tuple(part.start for part in cell)


def _three(volume: Volume) -> tuple[float, float, float]:
    return float(volume.spacing[0]), float(volume.spacing[1]), float(volume.spacing[2])


def fresh_net(
    settings: FreshSettings, volumes: Sequence[Volume], kind: Kind, classes: Sequence[ClassName]
) -> NetSettings:
    """The network that `settings` choose for these images, 3D if all are; `UserError` when it is not for them.

    Its pooling honours the spacing of the first. It has as many outputs as its representation has channels.
    """
    volume = volumes[0]
    dims: Literal[2, 3] = 3 if all(one.is_3d for one in volumes) else 2
    outputs = 1 + max((one.value for one in classes), default=1)
    says = representation(fresh_representation(settings, kind), dims, outputs)
    if problem := says.why_not():
        raise UserError(problem)
    return settings.net(
        dims,
        volume.spacing,
        int(volume.pixels.shape[1]) * NormalizeSettings().inputs_per_channel,
        len(says.channels),
    )


def fresh_representation(settings: FreshSettings, kind: Kind) -> str:
    """How a fresh network says what is where; for classes there is nothing to choose."""
    return settings.representation if kind == "instances" else USUAL[kind]


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
        whole = npy.open_mapped(path)
    except (OSError, ValueError):
        return None
    same = whole.shape == pixels.shape and whole.dtype == pixels.dtype and whole.strides == pixels.strides
    return path if same and whole.offset == pixels.offset else None
