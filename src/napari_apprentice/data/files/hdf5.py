"""HDF5: one dataset, chosen by its path inside the file, with what ilastik, PlantSeg and Fiji write beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.files import place
from napari_apprentice.data.files.pixels import MAP_FROM, native, refuse_nonsense
from napari_apprentice.data.image.axes import guess_axes, is_guess, to_volume
from napari_apprentice.data.image.units import MICROMETER, PIXEL, are_steps
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

SUFFIXES = (".h5", ".hdf5", ".hdf", ".he5")


def parts(path: Path) -> tuple[str, ...]:
    """The datasets that may be images: numbers along two to five axes."""
    import h5py

    with h5py.File(path, "r") as file:
        return tuple(_images(file))


def read(path: Path, part: str = "") -> Volume:
    """Read one dataset; a large one is read as it is needed."""
    import h5py  # only who opens such a file waits for it

    file = h5py.File(path, "r")  # stays open behind a dataset that is read later
    names = tuple(_images(file))
    if not names:
        raise UserError(f"{path} has no dataset that is an image (numbers along 2 to 5 axes): choose another file.")
    name = names[place.choose_part(path, part, names, "datasets")]
    dataset = file[name]
    missing = _missing_files(path, dataset)
    called, (spacing, unit) = _axis_names(dataset), _spacing(dataset)
    axes, guessed = guess_axes(dataset.shape, names=called), is_guess(dataset.shape, called)
    whole = len(names) == 1
    title, source = (path.stem, str(path)) if whole else (f"{path.stem} {name}", f"{path}/{name}")
    if refuse_nonsense(path, dataset.shape, dataset.dtype.itemsize, _stored(dataset)) < MAP_FROM:
        dataset = native(dataset[()])
        file.close()
    volume = to_volume(dataset, axes, spacing, unit, name=title, source=source, guessed=guessed)
    if not missing:
        return volume
    note = f"{path.name} puts its image together from other files, of which {', '.join(missing)} cannot be found."
    return replace(volume, metadata={**volume.metadata, "notes": [note]})


def _missing_files(path: Path, dataset: Any) -> list[str]:
    """The files that a virtual dataset refers to and that are not there: what they hold is filled in."""
    if not dataset.is_virtual:
        return []
    named = dict.fromkeys(one.file_name for one in dataset.virtual_sources())
    return [name for name in named if name != "." and not (path.parent / name).is_file()]


def _images(file: Any) -> list[str]:
    import h5py

    found: list[str] = []

    def look(name: str | bytes, node: Any) -> None:
        if not isinstance(name, str):  # bytes that are no text cannot be asked for
            return
        if isinstance(node, h5py.Dataset) and 2 <= node.ndim <= 5 and node.dtype.kind in "buif" and node.size:
            found.append(name)

    file.visititems(look)
    return found


def _stored(dataset: Any) -> int:
    """Bytes in the file; a dataset that only has a fill value, or lies elsewhere, is believed."""
    return int(dataset.id.get_storage_size()) or dataset.size * dataset.dtype.itemsize


def _axis_names(dataset: Any) -> list[str]:
    names: list[str] = []
    if "axistags" in dataset.attrs:  # vigra's, which ilastik writes
        try:
            names = [str(one["key"]) for one in json.loads(dataset.attrs["axistags"])["axes"]]
        except (ValueError, KeyError, TypeError):
            names = []
    elif any(dimension.label for dimension in dataset.dims):
        names = [dimension.label for dimension in dataset.dims]
    return names


def _spacing(dataset: Any) -> tuple[tuple[float, float, float], str]:
    """``element_size_um``, (z, y, x), which Fiji's plugin began and PlantSeg and others write."""
    try:
        z, y, x = (float(step) for step in np.ravel(dataset.attrs["element_size_um"])[-3:])
    except (KeyError, ValueError, TypeError):
        return (1.0, 1.0, 1.0), PIXEL
    if not are_steps((z, y, x)):
        return (1.0, 1.0, 1.0), PIXEL
    return (z, y, x), MICROMETER
