"""The frames of a DICOM dataset with their places in the patient, and intensities as the scanner means them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files.pixels import native, refuse_nonsense
from napari_apprentice.data.files.planes import library
from napari_apprentice.data.image.units import are_steps
from napari_apprentice.errors import UserError

LIBRARY = ("pydicom", "DICOM", "dicom")
_MOST_EMPTY = 2000  # times the pixels of all tiles; a slide that claims more would fill the memory
_IN_ORDER = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "AcquisitionNumber",
    "EchoNumbers",
    "InstanceNumber",
)
_OF_ALL_FRAMES = (
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "SliceLocation",
    "RescaleSlope",
    "RescaleIntercept",
    *_IN_ORDER,
)

_FILMS = ("US", "IVUS", "XA", "RF", "ES", "XC")  # kinds of images that are taken one after the other at one place
_TIMES = ("FrameTime", "FrameTimeVector", "CineRate", "FrameDelay")
_FLAT = 1e-4  # of a right angle between rows and columns


@dataclass(frozen=True)
class DicomFrame:
    """One image (Y, X) or (Y, X, 3); ``corner`` is where its first pixel lies in the patient, in mm (LPS).

    ``directions`` are unit vectors along a row and down a column; ``order`` sorts frames at the same place.
    Of a frame without a corner, ``location`` (mm along the normal) or else ``number`` may tell slices apart;
    ``is_moment`` when it is known to be one of a film.
    """

    pixels: NDArray[Any]
    corner: NDArray[Any] | None
    directions: tuple[NDArray[Any], NDArray[Any]]
    spacing: tuple[float, float]
    thickness: float
    order: tuple[float, ...]
    measured: bool
    location: float | None = None
    number: float | None = None
    is_moment: bool = False

    @property
    def place(self) -> NDArray[Any]:
        """The corner of a frame that has one."""
        if self.corner is None:
            raise ValueError("a frame without a place")
        return self.corner

    @property
    def normal(self) -> NDArray[Any]:
        """The direction that slices follow each other in."""
        return np.cross(*self.directions)


def tags_of(path: Path, names: Sequence[str]) -> dict[str, Any] | None:
    """Some tags of a file, read without its pixels; None for what is no DICOM file."""
    pydicom = library(*LIBRARY)
    try:
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(names))
    except Exception:  # a file beside the series may be damaged in any way: it is not of the series
        return None
    return {name: dataset.get(name) for name in names}


def frames_of(dataset: Any, path: Path, tiles: Sequence[int] | None = None) -> list[DicomFrame]:
    """The frames of an image; tiles of a slide (only these, or all) come as the one image that they make."""
    pixels = _pixels(dataset, path)
    if "TotalPixelMatrixRows" in dataset and "NumberOfFrames" in dataset:
        pixels = slide_of(dataset, pixels, range(len(pixels)) if tiles is None else tiles)[None]
    count = len(pixels)
    offsets = dataset.get("GridFrameOffsetVector")
    own = "PerFrameFunctionalGroupsSequence" in dataset
    is_film = dataset.get("Modality") in _FILMS or any(name in dataset for name in _TIMES)
    found = []
    for index in range(count):
        groups = groups_of(dataset, index)
        corner, turned = placement_of(groups)
        spacing = _numbers(groups.get("PixelSpacing") or groups.get("ImagerPixelSpacing"), 2)
        across, down = (turned[:3], turned[3:]) if turned is not None else (np.eye(3)[0], np.eye(3)[1])
        if corner is not None and offsets is not None and len(offsets) == count:
            corner = corner + np.cross(across, down) * (float(offsets[index]) - float(offsets[0]))
        elif corner is not None and count > 1 and not own:
            corner = None  # one place for many frames: they are times
        spacing = spacing if spacing is not None and are_steps(spacing) else None
        y, x = (1.0, 1.0) if spacing is None else (float(spacing[0]), float(spacing[1]))
        scaled = _scaled(pixels[index], groups, dataset)
        placed = corner if turned is not None and spacing is not None else None
        found.append(
            DicomFrame(
                scaled,
                placed,
                (across, down),
                (y, x),
                _thickness(groups),
                _order(groups, index),
                measured=spacing is not None,
                location=_location(groups, corner, turned),
                number=number_of(groups.get("InStackPositionNumber" if own else "InstanceNumber")),
                is_moment=is_film and not own,
            )
        )
    return _alike(found)


def placement_of(groups: dict[str, Any]) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """Where a frame's first pixel lies, and its directions along a row and down a column in turn, of length 1.

    None for what is not said, or cannot be: directions that are none, or the same.
    """
    corner, turned = _numbers(groups.get("ImagePositionPatient"), 3), _numbers(groups.get("ImageOrientationPatient"), 6)
    if turned is None:
        return corner, None
    lengths = np.linalg.norm(turned.reshape(2, 3), axis=1)
    if not are_steps(lengths):
        return corner, None
    turned = (turned.reshape(2, 3) / lengths[:, None]).ravel()
    return corner, turned if np.linalg.norm(np.cross(turned[:3], turned[3:])) > _FLAT else None


def slide_of(dataset: Any, tiles: NDArray[Any], chosen: Sequence[int]) -> NDArray[Any]:
    """The image (Y, X, ...) that the chosen tiles of (N, y, x, ...) make: by their places, else row by row."""
    rows, columns = int(dataset.TotalPixelMatrixRows), int(dataset.TotalPixelMatrixColumns)
    high, wide = tiles.shape[1:3]
    if rows * columns > _MOST_EMPTY * len(tiles) * high * wide:
        raise UserError(f"it is a slide of {rows} x {columns} pixels with {len(tiles)} tiles: it is damaged.")
    across = -(-columns // wide)
    whole = np.zeros((rows, columns, *tiles.shape[3:]), tiles.dtype)
    for index in chosen:
        tile = tiles[index]
        y, x = index // across * high, index % across * wide
        place = groups_of(dataset, index)
        if "RowPositionInTotalImagePixelMatrix" in place:
            y = int(place["RowPositionInTotalImagePixelMatrix"]) - 1
            x = int(place["ColumnPositionInTotalImagePixelMatrix"]) - 1
        there = whole[max(y, 0) : y + high, max(x, 0) : x + wide]
        there[:] = tile[: there.shape[0], : there.shape[1]]
    return whole


def _pixels(dataset: Any, path: Path) -> NDArray[Any]:
    """Stored values (frames, Y, X) or (frames, Y, X, 3); palettes and YBR become RGB."""
    from pydicom.pixels.processing import apply_color_lut

    rows, columns, frames = (int(dataset.get(name) or 1) for name in ("Rows", "Columns", "NumberOfFrames"))
    samples = int(dataset.get("SamplesPerPixel") or 1)
    bits = int(dataset.get("BitsAllocated") or 8)
    refuse_nonsense(path, (frames, rows, -(-columns * samples * bits // 8)), 1)
    try:
        pixels = np.asarray(dataset.pixel_array)
    except (RuntimeError, NotImplementedError) as error:
        syntax = getattr(dataset.file_meta.TransferSyntaxUID, "name", "an unknown compression")
        raise UserError(
            f"{path} is compressed as {syntax}, which cannot be read here: "
            'install the decoders (pip install "napari-apprentice[dicom]") or save it uncompressed.'
        ) from error
    if dataset.get("PhotometricInterpretation") == "PALETTE COLOR":
        pixels = apply_color_lut(pixels, dataset)
        samples = 3
    return native(pixels).reshape(frames, rows, columns, *((samples,) if samples > 1 else ()))


def groups_of(dataset: Any, frame: int) -> dict[str, Any]:
    """What is said about a frame: in its own functional groups, else in the shared ones, else in the dataset."""
    told: dict[str, Any] = {name: dataset.get(name) for name in _OF_ALL_FRAMES if dataset.get(name) is not None}
    own = dataset.get("PerFrameFunctionalGroupsSequence") or []
    for group in [*(dataset.get("SharedFunctionalGroupsSequence") or []), *(own[frame : frame + 1])]:
        for sequence in group:
            if sequence.VR == "SQ" and len(sequence.value):
                told |= {element.keyword: element.value for element in sequence.value[0] if element.keyword}
    return told


def _scaled(pixels: NDArray[Any], groups: dict[str, Any], dataset: Any) -> NDArray[Any]:
    """With the rescale slope and intercept, or the scale of a dose; whole numbers stay whole."""
    slope, intercept = number_of(groups.get("RescaleSlope")), number_of(groups.get("RescaleIntercept")) or 0.0
    slope = 1.0 if slope is None else slope
    dose = number_of(dataset.get("DoseGridScaling"))
    if dose is not None:
        return np.asarray(pixels * np.float32(dose), np.float32)
    if (slope == 1 and intercept == 0) or pixels.ndim == 3:
        return pixels
    if pixels.dtype.kind in "ui" and slope == int(slope) and intercept == int(intercept):
        return np.asarray(pixels.astype(np.int32) * int(slope) + int(intercept))
    return np.asarray(pixels * np.float32(slope) + np.float32(intercept), np.float32)


def _alike(frames: list[DicomFrame]) -> list[DicomFrame]:
    """All frames of one type, as small as holds them (int32 that fits becomes int16)."""
    kind = np.result_type(*(frame.pixels.dtype for frame in frames))
    if kind == np.int32 and all(f.pixels.min() >= -32768 and f.pixels.max() <= 32767 for f in frames):
        kind = np.dtype(np.int16)
    return [replace(frame, pixels=frame.pixels.astype(kind, copy=False)) for frame in frames]


def _location(groups: dict[str, Any], corner: NDArray[Any] | None, turned: NDArray[Any] | None) -> float | None:
    """How far along their normal a slice lies: by its corner, where only its pixel size is not said, else as told."""
    if corner is not None and turned is not None:
        return float(corner @ np.cross(turned[:3], turned[3:]))
    return number_of(groups.get("SliceLocation"))


def _thickness(groups: dict[str, Any]) -> float:
    told = (number_of(groups.get(name)) for name in ("SpacingBetweenSlices", "SliceThickness"))
    return next((abs(one) for one in told if one is not None and are_steps((abs(one),))), 1.0)


def _order(groups: dict[str, Any], index: int) -> tuple[float, ...]:
    return (*(number_of(groups.get(name)) or 0.0 for name in _IN_ORDER), float(index))


def number_of(value: Any) -> float | None:
    """A finite number, the first of several; None for anything else."""
    try:
        number = float(np.ravel(value)[0]) if value is not None else None
    except (TypeError, ValueError, IndexError):
        return None
    return number if number is None or np.isfinite(number) else None


def _numbers(value: Any, count: int) -> NDArray[Any] | None:
    try:
        numbers = np.array([float(one) for one in value])
    except (TypeError, ValueError):
        return None
    return numbers if numbers.shape == (count,) and np.isfinite(numbers).all() else None
