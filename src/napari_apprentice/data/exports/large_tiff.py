"""Labels that memory cannot hold as tiled OME-TIFF, the coarser levels in SubIFDs of each plane.

https://ome-model.readthedocs.io/en/stable/ome-tiff/specification.html
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Full, Queue
from typing import Any

import numpy as np
import tifffile
import zarr
from numpy.typing import NDArray

from napari_apprentice.data.files.tiff_writing import axes_of, metadata_of
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage.atomic_write import atomic_write

_TILE = 512
_STRETCH = 16  # tiles that are read at once
_BEAT_S = 0.1

Tile = NDArray[np.uint32]


def write(levels: Sequence[Any], path: Path, image: Volume, told: str = "") -> Iterator[float]:
    """Write levels of labels, arrays (T, Z, Y, X), the finest first; yields the share that is done.

    It appears under its name only when it is complete; `OSError` when the disk refuses.
    """
    t, z, *_ = levels[0].shape
    finest = {"subifds": len(levels) - 1, "metadata": metadata_of(axes_of(t, z), image.spacing, image.unit, told)}
    coarser = {"subfiletype": 1, "metadata": None}
    sizes = [float(np.prod(level.shape, dtype=float)) for level in levels]
    with atomic_write(path) as part, tifffile.TiffWriter(part, bigtiff=True, ome=True) as file:
        for number, level in enumerate(levels):
            for share in _written(file, level, coarser if number else finest):
                yield (sum(sizes[:number]) + share * sizes[number]) / sum(sizes)


@contextmanager
def in_planes(levels: Sequence[Any], folder: Path) -> Iterator[list[Any]]:
    """The levels, those with chunks of several slices copied to ``folder`` slice by slice.

    A file has one slice after the other: each chunk would be read again for each of its slices.
    """
    try:
        yield [_in_planes(level, folder / str(n)) if level.chunks[1] > 1 else level for n, level in enumerate(levels)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_planes(level: Any, folder: Path) -> Any:
    chunk = (1, 1, _TILE, _TILE)
    planes: Any = zarr.create_array(folder, shape=level.shape, chunks=chunk, dtype=level.dtype, overwrite=True)
    step = (1, level.chunks[1], _TILE, _TILE)
    for corner in itertools.product(*(range(0, n, side) for n, side in zip(level.shape, step, strict=True))):
        part = tuple(slice(start, start + side) for start, side in zip(corner, step, strict=True))
        planes[part] = level[part]
    return planes


def _written(file: tifffile.TiffWriter, level: Any, more: dict[str, Any]) -> Iterator[float]:
    """Hand tiles to tifffile, which takes them in one call: on a thread, so that the caller can stop in between."""
    t, z, y, x = level.shape
    tiles: Queue[Tile | None] = Queue(_STRETCH)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(
            file.write,
            _until_none(tiles),
            shape=(*(n for n in (t, z) if n > 1), y, x),
            dtype=np.uint32,
            tile=(_TILE, _TILE),
            compression="zlib",
            photometric="minisblack",
            maxworkers=1,
            **more,
        )
        try:
            for share, found in _tiles(level):
                for tile in found:
                    _put(tiles, tile, writing)
                yield share
        finally:
            _put(tiles, None, writing)
        writing.result()


def _tiles(level: Any) -> Iterator[tuple[float, list[Tile]]]:
    """All tiles of a level in their order, a stretch at a time; those at the far edges are filled up with zeros."""
    t, z, y, x = level.shape
    rows = [(k, j, i) for k in range(t) for j in range(z) for i in range(0, y, _TILE)]
    for done, (k, j, i) in enumerate(rows, 1):
        for first in range(0, x, _STRETCH * _TILE):
            values = np.asarray(level[k, j, i : i + _TILE, first : first + _STRETCH * _TILE], np.uint32)
            short = [(0, -n % _TILE) for n in values.shape]
            yield (done - 1 + min(1.0, first / x)) / len(rows), np.split(np.pad(values, short), _cuts(values), axis=1)
    yield 1.0, []


def _cuts(values: Tile) -> range:
    return range(_TILE, values.shape[1], _TILE)


def _put(tiles: Queue[Tile | None], tile: Tile | None, writing: Future[Any]) -> None:
    """Wait for room; what went wrong with the writing is raised."""
    while not writing.done():
        try:
            tiles.put(tile, timeout=_BEAT_S)
            return
        except Full:
            continue
    if tile is not None:
        writing.result()


def _until_none(tiles: Queue[Tile | None]) -> Iterator[Tile]:
    while (tile := tiles.get()) is not None:
        yield tile
