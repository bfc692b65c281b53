"""DICOM segmentations: ids of segments where they do not overlap, else one channel for each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import dicom_frames
from napari_apprentice.data.files.dicom_frames import DicomFrame
from napari_apprentice.data.files.dicom_stack import frames_to_volume
from napari_apprentice.data.image.volume import Volume

_UNEVEN = 0.02  # of a step: slices that are no multiple of it apart are as they are


def is_segmentation(dataset: Any) -> bool:
    """Whether a dataset holds segments instead of intensities."""
    return "SegmentSequence" in dataset and "SegmentationType" in dataset


def segments(dataset: Any, path: Path) -> Volume:
    """Segments as numbers (a channel each where they overlap, or where they are fractions), with their names."""
    names = {int(one.SegmentNumber): str(one.get("SegmentLabel", "")) for one in dataset.SegmentSequence}
    if dataset.SegmentationType == "LABELMAP":
        return _with_names(frames_to_volume(dicom_frames.frames_of(dataset, path), path), names)
    fraction = float(dataset.get("MaximumFractionalValue") or 1) if dataset.SegmentationType == "FRACTIONAL" else None
    if "TotalPixelMatrixRows" in dataset:
        volumes = [frames_to_volume(_on_slide(dataset, path, number, fraction), path) for number in names]
    else:
        frames = dicom_frames.frames_of(dataset, path)
        owners = [_segment(dataset, index) for index in range(len(frames))]
        frames = _without_gaps(frames)
        volumes = [frames_to_volume(_filled(frames, owners, number, fraction), path) for number in names]
    stack = np.concatenate([np.asarray(volume.pixels) for volume in volumes], axis=1)
    if fraction is None and (np.count_nonzero(stack, axis=1) <= 1).all():
        numbers = np.array(list(names), np.uint16).reshape(1, -1, 1, 1, 1)
        stack = (stack.astype(np.uint16) * numbers).max(axis=1, keepdims=True)
        return _with_names(replace(volumes[0], pixels=stack), names)
    return _with_names(replace(volumes[0], pixels=stack, channels=tuple(names.values())), names)


def _on_slide(dataset: Any, path: Path, number: int, fraction: float | None) -> list[DicomFrame]:
    """The whole slide with the tiles of one segment only."""
    owners = [_segment(dataset, index) for index in range(int(dataset.NumberOfFrames))]
    (frame,) = dicom_frames.frames_of(dataset, path, [index for index, one in enumerate(owners) if one == number])
    return [frame if fraction is None else replace(frame, pixels=frame.pixels / np.float32(fraction))]


def _segment(dataset: Any, frame: int) -> int:
    return int(dicom_frames.groups_of(dataset, frame).get("ReferencedSegmentNumber") or 1)


def _filled(frames: list[DicomFrame], owners: list[int], number: int, fraction: float | None) -> list[DicomFrame]:
    """One frame for each place there is: that of a segment, or an empty one where it has none."""
    own = {_place(frame): frame for frame, owner in zip(frames, owners, strict=False) if owner == number}
    found = []
    for frame in {_place(frame): frame for frame in frames}.values():
        mine = own.get(_place(frame))
        pixels: NDArray[Any] = np.zeros_like(frame.pixels) if mine is None else mine.pixels
        found.append(replace(frame, pixels=pixels if fraction is None else (pixels / np.float32(fraction))))
    return found


def _without_gaps(frames: list[DicomFrame]) -> list[DicomFrame]:
    """With an empty frame for each slice that has no segment and was left out, after those that are there."""
    if any(frame.corner is None for frame in frames):
        return frames
    normal = frames[0].normal
    lowest = min(frames, key=lambda frame: float(frame.place @ normal))
    at = np.unique(np.round([float((frame.place - lowest.place) @ normal) for frame in frames], 3))
    if len(at) < 2:
        return frames
    step = np.diff(at).min()
    places = at / step
    if np.abs(places - np.rint(places)).max() > _UNEVEN:
        return frames
    missing = set(range(int(np.rint(places[-1])))) - set(np.rint(places).astype(int).tolist())
    empty = np.zeros_like(frames[0].pixels)
    corners = [lowest.place + normal * step * place for place in sorted(missing)]
    return [*frames, *(replace(lowest, pixels=empty, corner=corner) for corner in corners)]


def _place(frame: DicomFrame) -> tuple[float, ...]:
    return () if frame.corner is None else tuple(round(float(c), 3) for c in frame.corner)


def _with_names(volume: Volume, names: dict[int, str]) -> Volume:
    told = {str(number): name for number, name in names.items()}
    return replace(volume, metadata={**volume.metadata, "segments": told})
