"""What a project shows of itself when it is closed: how many objects, and a small picture of its first image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import find_boundaries
from skimage.transform import downscale_local_mean

from napari_apprentice.data.labels.evidence import Evidence
from napari_apprentice.errors import UserError
from napari_apprentice.project import overview
from napari_apprentice.project.folder import Project
from napari_apprentice.session.large_project_image import LargeProjectImage
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.settings import Kind

EDGE = 128  # pixels; shown at half of that where screens are fine
_FINER = 4  # pixels along an axis that one of the picture is a mean of, at most
_COUNTED = 1 << 27  # voxels; more take longer than closing a window may
_FILLED, _GOLDEN = 0.35, 0.618034


def keep(
    project: Project,
    entries: Sequence[ProjectImage],
    current: ProjectImage | None,
    kind: Kind,
    confirmed: Mapping[str, Evidence],
) -> None:
    """Write the overview of a project; what was not loaded is as it was. `UserError` when the disk refuses.

    ``confirmed`` is what is confirmed, by image.
    """
    elsewhere = project.place.why_held or project.place.trouble
    if project.is_temporary or elsewhere or not any(entry.is_read for entry in entries):
        return
    objects = {
        id_: count for id_, count in overview.read(project.path).objects.items() if id_ in project.record.entries
    }
    for entry in entries:
        if entry.is_read and kind == "instances" and not isinstance(entry, LargeProjectImage):
            if entry.labels.size <= _COUNTED:
                objects[entry.id] = count(entry.labels)
            else:
                objects.pop(entry.id, None)
    known = overview.picture_of(project.path) is not None
    drawn = next((entry for entry in (entries[:1] if known else entries) if entry.is_read), None)
    shown = overview.ProjectOverview(objects=objects, confirmed=dict(confirmed))
    overview.write(project.path, shown, None if drawn is None else _picture(drawn))
    if current is not None and current.id != project.record.current:
        project.change(current=current.id)


def count(labels: NDArray[np.uint32]) -> int:
    """How many objects there are in labels (T, Z, Y, X)."""
    there = np.zeros(int(labels.max(initial=0)) + 1, bool)
    for plane in labels.reshape(-1, labels.shape[-1]):
        there[plane] = True
    return int(there[1:].sum())


def picture(pixels: NDArray[np.generic], labels: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Grey or coloured pixels (C, Y, X) with labels (Y, X) over them, at most `EDGE` wide and high; (Y, X, 3)."""
    step = max(1, -(-max(labels.shape) // EDGE))
    fine = max(1, step // _FINER)
    factor = -(-step // fine)
    grey = [_grey(_coarse(one[::fine, ::fine], factor)) for one in pixels]
    shown = np.stack(grey if len(grey) == 3 else grey[:1] * 3, axis=-1)
    masks = labels[:: fine * factor, :: fine * factor][: shown.shape[0], : shown.shape[1]]
    shown = shown[: masks.shape[0], : masks.shape[1]]
    colours = _colours(masks)
    share = np.where(masks > 0, _FILLED, 0.0) + np.where(find_boundaries(masks, mode="inner"), 1 - _FILLED, 0.0)
    mixed = shown * (1 - share[..., None]) + colours * share[..., None]
    return np.asarray(np.rint(255 * mixed.clip(0, 1)), np.uint8)


def _picture(entry: ProjectImage) -> NDArray[np.uint8] | None:
    """The slice in which most is labelled; None when the pixels are not there any more."""
    labels = entry.labels
    coarse = (slice(None, None, max(1, labels.shape[2] // EDGE)), slice(None, None, max(1, labels.shape[3] // EDGE)))
    filled = np.count_nonzero(labels[(slice(None), slice(None), *coarse)], axis=(2, 3))
    frame, depth = np.unravel_index(int(filled.argmax()), filled.shape)
    if not filled.any():
        depth = labels.shape[1] // 2
    try:
        part = entry.part
        t, z, y, x = entry.inner
        plane = np.asarray(part.pixels[t.start + int(frame), :, z.start + int(depth)])[:, y, x]
    except (UserError, OSError, ValueError):
        return None
    coloured = bool(entry.volume.metadata.get("rgb")) and len(plane) >= 3
    return picture(plane[:3] if coloured else plane[:1], labels[int(frame), int(depth)])


def _coarse(plane: NDArray[np.generic], factor: int) -> NDArray[np.float32]:
    """Means of ``factor`` x ``factor`` pixels; those at the end are of what there is."""
    beyond = [(0, -length % factor) for length in plane.shape]
    means = downscale_local_mean(np.pad(plane.astype(np.float32), beyond, mode="edge"), (factor, factor))
    return np.asarray(means, np.float32)


def _grey(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """From 0 to 1, the brightest and darkest pixels cut."""
    plane = np.nan_to_num(plane)
    low, high = np.percentile(plane, (1, 99.7))
    return np.asarray(((plane - low) / max(float(high - low), 1e-12)).clip(0, 1), np.float32)


def _colours(masks: NDArray[np.uint32]) -> NDArray[np.float64]:
    """A colour (Y, X, 3) for each id, neighbours by number far apart."""
    hue = (masks * _GOLDEN) % 1.0
    return np.stack([0.55 + 0.45 * np.cos(2 * np.pi * (hue - third)) for third in (0, 1 / 3, 2 / 3)], axis=-1)
