"""DICOM through pydicom: a file, or a folder with series of slices; intensities as the scanner means them.

Slices are sorted by where they lie, not by their names; ``Volume.metadata`` keeps the ``affine`` and ``orientation``
(data/image/orientation.py), the ``modality``, the ``window`` (centre, width) that the file proposes, and ``notes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files import place
from napari_apprentice.data.files.dicom_copies import Opened, without_copies
from napari_apprentice.data.files.dicom_frames import LIBRARY, frames_of, groups_of, number_of, placement_of, tags_of
from napari_apprentice.data.files.dicom_segments import is_segmentation, segments
from napari_apprentice.data.files.dicom_stack import frames_to_volume
from napari_apprentice.data.files.planes import library
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

SUFFIXES = (".dcm", ".dicom", ".ima")
_HEADER = ("SeriesInstanceUID", "SeriesNumber", "Rows", "Columns", "ImageOrientationPatient", "SOPClassUID")


def holds_dicom(path: Path) -> bool:
    """Whether a folder has a DICOM file; looks at the first few files that may be."""
    return path.is_dir() and next(_dicom_files(path, most=20), None) is not None


def holds_part(path: Path, name: str) -> bool:
    """Whether a folder has a series of this name."""
    return holds_dicom(path) and name in parts(path)


def parts(path: Path) -> tuple[str, ...]:
    """The series in a folder, by number; a file has none."""
    return tuple(_series(path)) if path.is_dir() else ()


def images(path: Path) -> dict[str, Callable[[], Volume]]:
    """What reads each series of a folder, by its number, "" for the only one. Headers are looked at once."""
    series = _series(path)
    names = tuple(series) if len(series) > 1 else ("",)
    return {name: partial(_read_series, path, name, series) for name in names}


def read(path: Path, part: str = "") -> Volume:
    """Read a file of one or many frames, or a series from a folder; `UserError` for one without an image."""
    if path.is_dir():
        return _read_series(path, part, _series(path))
    dataset = _opened(path)
    if is_segmentation(dataset):
        return _described(segments(dataset, path), dataset)
    return _described(frames_to_volume(frames_of(dataset, path), path), dataset)


def slices_of(path: Path) -> list[Any]:
    """The datasets of a file, or of the slices of a series from the lowest to the highest."""
    there, part = place.split(path, holds_part)
    if there.is_file():
        return [_opened(there)]
    series = _series(there)
    name = tuple(series)[place.choose_part(there, part, tuple(series), "series")]
    datasets = [dataset for dataset, _ in _slices(there, series[name])[0]]
    lying = [placement_of(groups_of(dataset, 0)) for dataset in datasets]
    placed = [(corner, turned) for corner, turned in lying if corner is not None and turned is not None]
    if len(placed) < len(datasets):
        raise UserError(f"{path} has slices that do not say where they lie: choose another series.")
    normal = np.cross(placed[0][1][:3], placed[0][1][3:])
    return [datasets[i] for i in sorted(range(len(placed)), key=lambda i: float(placed[i][0] @ normal))]


def ranks_of_frames(dataset: Any) -> NDArray[np.int64]:
    """Of a file of many frames, which slice of the volume each frame is; empty when they do not say where they lie."""
    lying = [placement_of(groups_of(dataset, index)) for index in range(int(dataset.NumberOfFrames))]
    placed = [(corner, turned) for corner, turned in lying if corner is not None and turned is not None]
    if len(placed) < len(lying):
        return np.zeros(0, np.int64)
    normal = np.cross(placed[0][1][:3], placed[0][1][3:])
    return np.argsort(np.argsort([float(corner @ normal) for corner, _ in placed], kind="stable"), kind="stable")


def _read_series(path: Path, part: str, series: dict[str, list[Path]]) -> Volume:
    if not series:
        raise UserError(f"{path} has no DICOM image: choose another folder.")
    names = tuple(series)
    name = names[place.choose_part(path, part, names, "DICOM series")]
    opened, notes = _slices(path, series[name])
    first, file = opened[0]
    if is_segmentation(first):
        volume = segments(first, file)
    else:
        volume = frames_to_volume([frame for data, file in opened for frame in frames_of(data, file)], path)
    if notes:
        volume = replace(volume, metadata={**volume.metadata, "notes": [*notes, *volume.metadata.get("notes", ())]})
    if len(names) == 1:
        volume = replace(volume, name=path.name, source=str(path))
    else:
        volume = replace(volume, name=f"{path.name} {name}", source=str(path / name))
    return _described(volume, first)


def _slices(path: Path, files: list[Path]) -> tuple[list[Opened], list[str]]:
    """The datasets of a series, each once, and what there is to say about copies."""
    return without_copies([(_opened(file), file) for file in files], path)


def _series(path: Path) -> dict[str, list[Path]]:
    """Files by series: its number, with a letter where sizes or directions differ within it."""
    groups: dict[tuple[Any, ...], list[Path]] = {}
    for file in _dicom_files(path):
        told = tags_of(file, _HEADER)
        if told is None or told["Rows"] is None:
            continue
        turned = tuple(round(float(c), 2) for c in told["ImageOrientationPatient"] or ())
        key = (told["SeriesNumber"], told["SeriesInstanceUID"], told["Rows"], told["Columns"], turned)
        groups.setdefault(key, []).append(file)
    named: dict[str, list[Path]] = {}
    for key in sorted(groups, key=lambda key: (int(key[0] or 0), *map(str, key[1:]))):
        name = str(key[0] or 1)
        tried = [name, *(f"{name}{letter}" for letter in "bcdefghijklmnopqrstuvwxyz"), f"series {len(named) + 1}"]
        # a file may have the name too, and then the path would mean the file
        free = next(one for one in tried if one not in named and not (path / one).exists())
        named[free] = groups[key]
    return named


def begins_as_dicom(path: Path) -> bool:
    """DICOM files often have no suffix: they are known by how they begin. False for what may not be read."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except (OSError, ValueError):  # a name that no file can have is a ValueError
        return False


def _dicom_files(path: Path, most: int | None = None) -> Iterator[Path]:
    """Files that begin as DICOM does, by name, among the first ``most``."""
    try:
        files = sorted(path.iterdir())[:most]
    except OSError:
        return
    for file in files:
        if file.is_file() and not file.name.startswith(".") and begins_as_dicom(file):
            yield file


def _opened(path: Path) -> Any:
    pydicom = library(*LIBRARY)  # .4 s that only who opens such a file waits for
    try:
        dataset = pydicom.dcmread(path)
    except pydicom.errors.InvalidDicomError as error:
        raise UserError(f"{path} is not a complete DICOM file (it has no header): get the file again.") from error
    if "PixelData" not in dataset and "FloatPixelData" not in dataset and "DoubleFloatPixelData" not in dataset:
        what = str(dataset.get("Modality", "")) or "record"
        raise UserError(f"{path} is a DICOM {what} without an image: choose another file.")
    return dataset


def _described(volume: Volume, dataset: Any) -> Volume:
    """With what a dataset says about how to show it."""
    told: dict[str, Any] = {"modality": str(dataset.get("Modality", ""))}
    centre, width = (number_of(dataset.get(name)) for name in ("WindowCenter", "WindowWidth"))
    if centre is not None and width is not None and width > 0:
        told["window"] = (centre, width)
    return replace(volume, metadata={**volume.metadata, **told})
