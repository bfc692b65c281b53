"""Frames of DICOM files as one volume: sorted by where they lie, with the step from slice to slice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files.dicom_frames import DicomFrame
from napari_apprentice.data.files.dicom_unplaced import unplaced_volume
from napari_apprentice.data.image import orientation
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

_UNEVEN = 0.01  # of the distance of slices: more than rounding


def frames_to_volume(frames: list[DicomFrame], path: Path) -> Volume:
    """Frames of one size as a volume: sorted along their normal, several at one place being several times."""
    if len({frame.pixels.shape for frame in frames}) > 1:
        raise UserError(f"{path} has slices of different sizes: put each size into a folder of its own.")
    placed = frames[0].corner is not None and all(frame.corner is not None for frame in frames)
    if placed and any(not np.allclose(frame.directions, frames[0].directions, atol=0.01) for frame in frames):
        raise UserError(f"{path} has slices that lie in different directions: they make no volume; choose one series.")
    if not placed:
        return unplaced_volume(frames, path)
    samples = "S" if frames[0].pixels.ndim == 3 else ""
    columns = _along_normal(frames, path)
    steps, notes = _steps(columns)
    pixels = np.stack([np.stack([frame.pixels for frame in column]) for column in zip(*columns, strict=True)])
    affine = _affine(columns, steps)
    spacing = orientation.steps_of(affine)
    volume = to_volume(pixels, "TZYX" + samples, spacing, "mm", name=path.stem, source=str(path))
    return replace(volume, metadata={**volume.metadata, **orientation.affine_metadata(affine), "notes": notes})


def _along_normal(frames: list[DicomFrame], path: Path) -> list[list[DicomFrame]]:
    """Frames by slice, the lowest first; each has the same number, in the order they were taken."""
    normal = frames[0].normal
    at: dict[float, list[DicomFrame]] = {}
    for frame in frames:
        at.setdefault(round(float(np.dot(frame.place, normal)), 3), []).append(frame)
    counts = {len(column) for column in at.values()}
    if len(counts) > 1:
        raise UserError(
            f"{path} has {min(counts)} images of some slices and {max(counts)} of others: "
            "files are missing, or two series are mixed; put one complete series into a folder."
        )
    return [sorted(at[distance], key=lambda frame: frame.order) for distance in sorted(at)]


def _steps(columns: list[list[DicomFrame]]) -> tuple[NDArray[Any] | None, list[str]]:
    """The step from slice to slice in the patient, None for one slice, and a note where steps differ."""
    if len(columns) == 1:
        return None, []
    corners = np.array([column[0].place for column in columns])
    steps = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    even = (corners[-1] - corners[0]) / (len(corners) - 1)
    length = float(np.linalg.norm(even))
    if np.abs(steps - length).max() <= max(_UNEVEN * length, 0.011):
        return even, []
    note = f"Slices are {steps.min():.3g} to {steps.max():.3g} mm apart and are shown {length:.3g} mm apart."
    return even, [note]


def _affine(columns: list[list[DicomFrame]], step: NDArray[Any] | None) -> orientation.Affine:
    first = columns[0][0]
    across, down = first.directions
    y, x = first.spacing
    third = first.normal * first.thickness if step is None else step
    return orientation.from_lps(orientation.affine_of(np.stack([across * x, down * y, third], 1), first.place))
