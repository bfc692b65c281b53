"""Chunked arrays on disk of which most chunks are empty and not there: which are, and a coarse picture of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region, Shape


def open_chunks(folder: Path, shape: Sequence[int], chunk: Sequence[int], dtype: Any) -> Any:
    """The array (T, Z, Y, X) in a folder, of zeros when it is not there yet."""
    if (folder / "zarr.json").exists():
        return zarr.open_array(folder, mode="r+")
    folder.mkdir(parents=True, exist_ok=True)
    checked = ZstdCodec(level=0, checksum=True)  # a bit that flips is found, and not taken for another label
    return zarr.create_array(folder, shape=tuple(shape), chunks=tuple(chunk), dtype=dtype, compressors=checked)


def written_chunks(folder: Path, chunk: Sequence[int], shape: Sequence[int]) -> Iterator[Region]:
    """The chunks of the array in a folder that hold anything but zeros, as they come."""
    for file in folder.glob("c/*/*/*/*"):
        place = [int(i) for i in file.relative_to(folder / "c").parts if i.isdigit()]
        if len(place) == 4:
            yield regions.chunk_region(place, chunk, shape)


def misplaced(folder: Path) -> Iterator[Path]:
    """What lies where chunks of the array in a folder are expected and is no file, or no folder above one.

    A pipe or a device would be read for ever; the rest looks like a chunk that is empty.
    """
    root = folder / "c"
    if os.path.lexists(root):
        yield from _misplaced(root, 4)


def _misplaced(path: Path, levels: int) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    with os.scandir(path) as found:
        for one in found:
            if not one.name.isdigit():
                continue
            if levels > 1:
                yield from _misplaced(Path(one.path), levels - 1)
            elif not one.is_file(follow_symlinks=False) and not os.path.isfile(one.path):
                yield Path(one.path)


def draw(overview: Any, steps: Shape, part: Region, labels: NDArray[Any]) -> None:
    """Put every n-th of the ``labels`` of ``part`` into the coarse picture of all, n as in ``steps``."""
    first = [-(-edge.start // step) for edge, step in zip(part, steps, strict=True)]
    last = [-(-edge.stop // step) for edge, step in zip(part, steps, strict=True)]
    inside = tuple(slice(a * step - edge.start, None, step) for a, edge, step in zip(first, part, steps, strict=True))
    coarse = labels[inside]
    if coarse.size:
        overview[tuple(slice(a, b) for a, b in zip(first, last, strict=True))] = coarse
