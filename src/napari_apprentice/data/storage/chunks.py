"""Chunked arrays on disk of which most chunks are empty and not there: which are, and a coarse picture of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import zarr
from numpy.typing import NDArray

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region, Shape


def open_chunks(folder: Path, shape: Sequence[int], chunk: Sequence[int], dtype: Any) -> Any:
    """The array (T, Z, Y, X) in a folder, of zeros when it is not there yet."""
    if (folder / "zarr.json").exists():
        return zarr.open_array(folder, mode="r+")
    folder.mkdir(parents=True, exist_ok=True)
    return zarr.create_array(folder, shape=tuple(shape), chunks=tuple(chunk), dtype=dtype)


def look_at_chunks(folder: Path, shape: Sequence[int], chunk: Sequence[int], dtype: Any) -> Any:
    """The array in a folder, only to read; zeros in memory where there is none. `ValueError` when it is another one."""
    if not (folder / "zarr.json").exists():
        return zarr.create_array(zarr.storage.MemoryStore(), shape=tuple(shape), chunks=tuple(chunk), dtype=dtype)
    array = zarr.open_array(folder, mode="r")
    if (array.shape, array.dtype) != (tuple(shape), dtype):
        raise ValueError(f"{folder} holds {array.dtype} {array.shape}")
    return array


def no_files(folder: Path) -> Iterator[Path]:
    """What is no file, nor a link to one, where an array in a folder has its files: a pipe, a device."""
    for around, _, names in os.walk(folder):
        with os.scandir(around) as entries:
            kinds = {entry.name: entry.is_file() for entry in entries}
        yield from (Path(around, name) for name in names if not kinds.get(name, True))


def written_chunks(folder: Path, chunk: Sequence[int], shape: Sequence[int]) -> Iterator[Region]:
    """The chunks of the array in a folder that hold anything but zeros, as they come."""
    for file in folder.glob("c/*/*/*/*"):
        place = [int(i) for i in file.relative_to(folder / "c").parts if i.isdigit()]
        if len(place) == 4:
            yield regions.chunk_region(place, chunk, shape)


def draw(overview: Any, steps: Shape, part: Region, labels: NDArray[Any]) -> None:
    """Put every n-th of the ``labels`` of ``part`` into the coarse picture of all, n as in ``steps``."""
    first = [-(-edge.start // step) for edge, step in zip(part, steps, strict=True)]
    last = [-(-edge.stop // step) for edge, step in zip(part, steps, strict=True)]
    inside = tuple(slice(a * step - edge.start, None, step) for a, edge, step in zip(first, part, steps, strict=True))
    coarse = labels[inside]
    if coarse.size:
        overview[tuple(slice(a, b) for a, b in zip(first, last, strict=True))] = coarse
