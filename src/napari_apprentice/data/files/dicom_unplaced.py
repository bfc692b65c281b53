"""Frames of DICOM files that do not say where they lie: slices by SliceLocation, else by InstanceNumber, else times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from napari_apprentice.data.files.dicom_frames import DicomFrame
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.units import PIXEL, are_steps
from napari_apprentice.data.image.volume import Volume

Columns = list[list[DicomFrame]]


def unplaced_volume(frames: list[DicomFrame], path: Path) -> Volume:
    """Frames as slices where something tells their order along z, with a note that says what; else as times."""
    frames = sorted(frames, key=lambda frame: frame.order)
    samples = "S" if frames[0].pixels.ndim == 3 else ""
    spacing, unit = _plane_spacing(frames[0])
    begun = f"The slices of {path.name} do not say where they lie"
    if len(frames) == 1 or any(frame.is_moment for frame in frames):
        axes, columns, guessed, notes = "TYX", [frames], False, []
    elif by_place := _columns(frames, lambda frame: frame.location):
        at = sorted({frame.location for frame in frames if frame.location is not None})
        step = (at[-1] - at[0]) / (len(at) - 1)
        spacing = (step, *spacing[1:]) if are_steps((step,)) and unit != PIXEL else spacing
        axes, columns, guessed = "ZYX", by_place, False
        notes = [f"{begun} in the patient: they follow their SliceLocation, {step:.3g} mm apart."]
    elif by_number := _columns(frames, lambda frame: frame.number):
        axes, columns, guessed = "ZYX", by_number, True
        notes = [
            f"{begun}: it is a guess that they follow each other by InstanceNumber, {spacing[0]:.3g} {unit} apart."
        ]
    else:
        axes, columns, guessed = "TYX", [frames], True
        notes = [f"{begun}, and nothing tells their order: it is a guess that they are frames of time."]
    rows = columns if axes == "TYX" else [list(row) for row in zip(*columns, strict=True)]
    pixels = np.stack([np.stack([frame.pixels for frame in row]) for row in rows])
    if len(pixels) == 1:
        pixels = pixels[0]
    else:
        axes = "T" + axes
    volume = to_volume(
        pixels, axes + samples, spacing, unit, name=path.stem, source=str(path), guessed=guessed and len(frames) > 1
    )
    return replace(volume, metadata={**volume.metadata, "notes": notes}) if notes else volume


def _columns(frames: list[DicomFrame], at: Callable[[DicomFrame], float | None]) -> Columns | None:
    """Frames by slice, each with as many times; None where this does not tell slices apart."""
    found: dict[float, list[DicomFrame]] = {}
    for frame in frames:
        place = at(frame)
        if place is None:
            return None
        found.setdefault(round(place, 3), []).append(frame)
    if len(found) < 2 or len({len(column) for column in found.values()}) > 1:
        return None
    return [found[place] for place in sorted(found)]


def _plane_spacing(frame: DicomFrame) -> tuple[tuple[float, float, float], str]:
    if not frame.measured:
        return (1.0, 1.0, 1.0), PIXEL
    return (frame.thickness, *frame.spacing), "mm"
