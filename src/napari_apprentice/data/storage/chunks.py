"""Chunked arrays on disk of which most chunks are empty and not there: which are, and a coarse picture of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec
from zarr.storage import LocalStore

from napari_apprentice.data.geometry import regions
from napari_apprentice.data.geometry.regions import Region, Shape
from napari_apprentice.data.storage import syncing
from napari_apprentice.data.storage.synced_store import SyncedStore


def open_chunks(
    folder: Path, shape: Sequence[int], chunk: Sequence[int], dtype: Any, *, is_replaced: bool = True
) -> Any:
    """The array (T, Z, Y, X) in a folder, of zeros when it is not there yet.

    Unless chunks are only added, which is faster, one that ``is_replaced`` survives a loss of power (`SyncedStore`).
    """
    store = SyncedStore(folder) if is_replaced else LocalStore(folder)
    if (folder / "zarr.json").exists():
        return zarr.open_array(store, mode="r+")
    syncing.make_folder(folder)
    checked = ZstdCodec(level=0, checksum=True)  # a bit that flips is found, and not taken for another label
    made = zarr.create_array(store, shape=tuple(shape), chunks=tuple(chunk), dtype=dtype, compressors=checked)
    syncing.sync_tree(folder)
    return made


def look_at_chunks(folder: Path, shape: Sequence[int], chunk: Sequence[int], dtype: Any) -> Any:
    """The array in a folder, only to read; zeros in memory where there is none. `ValueError` when it is another one."""
    if not (folder / "zarr.json").exists():
        return zarr.create_array(zarr.storage.MemoryStore(), shape=tuple(shape), chunks=tuple(chunk), dtype=dtype)
    if not (folder / "zarr.json").is_file():  # whoever reads a pipe waits for ever
        raise ValueError(f"{folder} has no description")
    array = zarr.open_array(folder, mode="r")
    if (array.shape, array.dtype) != (tuple(shape), dtype):
        raise ValueError(f"{folder} holds {array.dtype} {array.shape}")
    return array


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


def draw(overview: Any, steps: Shape, part: Region, labels: NDArray[Any], *, only_clear: bool = False) -> Region:
    """Put every n-th of the ``labels`` of ``part`` into the coarse picture of all, n as in ``steps``; where that is.

    With ``only_clear`` what is there stays, but where there are no labels.
    """
    first = [-(-edge.start // step) for edge, step in zip(part, steps, strict=True)]
    last = [-(-edge.stop // step) for edge, step in zip(part, steps, strict=True)]
    inside = tuple(slice(a * step - edge.start, None, step) for a, edge, step in zip(first, part, steps, strict=True))
    coarse = labels[inside]
    t, z, y, x = (slice(a, b) for a, b in zip(first, last, strict=True))
    if coarse.size and only_clear:
        shown = overview[t, z, y, x]
        coarse = np.where(coarse == 0, 0, shown).astype(shown.dtype)
        if (coarse == shown).all():
            return t, z, y, x
    if coarse.size:
        overview[t, z, y, x] = coarse
    return t, z, y, x
