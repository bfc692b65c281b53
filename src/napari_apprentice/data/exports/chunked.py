"""Labels that memory cannot hold as OME-Zarr, chunk by chunk.

What takes long yields the share that is done, so that it can be shown and stopped.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.chunks import written
from napari_apprentice.data.exports import omezarr
from napari_apprentice.data.exports.export import Export
from napari_apprentice.data.volume import Volume
from napari_apprentice.data.whole import whole_folder
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Triple

_FINEST = 0.6  # of the work of writing, all coarser levels are the rest


def copied(labels: Path, path: Path, image: Volume, names: Mapping[int, str]) -> Iterator[float]:
    """Write the labels of the zarr array (T, Z, Y, X) in a folder to ``path``; its empty chunks are not read.

    `UserError` when they cannot be; stopped before its end, it leaves nothing behind.
    """
    omezarr.refuse(path, image)
    try:
        yield from _copied(labels, path, image, names)
    except OSError as error:
        raise UserError(f"Cannot write {path} ({error.strerror}): free some space or choose another folder.") from error


def begun(folder: Path, path: Path, shape: tuple[int, int, int, int], chunk: Triple) -> Any:
    """An array of labels (T, Z, Y, X) in ``folder`` to be filled chunk by chunk, which will be ``path``.

    One that was begun before is taken up again.
    """
    import zarr

    if (folder / "0").exists():
        return zarr.open_array(folder / "0", mode="r+")
    group = zarr.open_group(folder, mode="w", zarr_format=omezarr.form_of(path))
    names = list("tzyx") if omezarr.form_of(path) == 3 else None
    return group.create_array("0", shape=shape, chunks=(1, *chunk), dtype=np.uint32, dimension_names=names)


def halved(folder: Path) -> Iterator[float]:
    """Make the coarser levels of what was `begun`, each chunk from those of the level before."""
    import zarr

    group: Any = zarr.open_group(folder, mode="a")
    steps = omezarr.steps_of(group["0"].shape)
    all_of_them = sum(1 / step**2 for step in steps[1:])
    for level in range(1, len(steps)):
        before = sum(1 / step**2 for step in steps[1:level])
        for share in _level(group, level):
            yield (before + share / steps[level] ** 2) / all_of_them


def finish(folder: Path, path: Path, image: Volume, names: Mapping[int, str]) -> None:
    """Describe labels with all their levels, and put them in their place."""
    _described(folder, path, image, names)
    with whole_folder(path) as part:
        shutil.move(folder, part)
    omezarr.listed(path)


def _copied(labels: Path, path: Path, image: Volume, names: Mapping[int, str]) -> Iterator[float]:
    import zarr

    source: Any = zarr.open_array(labels, mode="r")
    parts = list(written(labels, source.chunks, source.shape))
    with whole_folder(path) as folder:
        out = begun(folder, path, source.shape, source.chunks[1:])
        for done, part in enumerate(parts, 1):
            out[part] = source[part]
            yield _FINEST * done / len(parts)
        for share in halved(folder):
            yield _FINEST + (1 - _FINEST) * share
        _described(folder, path, image, names)
    omezarr.listed(path)


def _described(folder: Path, path: Path, image: Volume, names: Mapping[int, str]) -> None:
    import zarr

    export = Export(np.zeros((1, 1, 1, 1)), image, dict(names))
    omezarr.describe(zarr.open_group(folder, mode="a"), path, export, list("TZYX"))


def _level(group: Any, level: int) -> Iterator[float]:
    finer = group[str(level - 1)]
    shape = (*finer.shape[:2], *(-(-n // 2) for n in finer.shape[2:]))
    coarser = group.create_array(
        str(level),
        shape=shape,
        chunks=finer.chunks,
        dtype=finer.dtype,
        dimension_names=getattr(finer.metadata, "dimension_names", None),
        overwrite=True,
    )
    _, z, y, x = finer.chunks
    rows = list(itertools.product(range(shape[0]), range(0, shape[1], z), range(0, shape[2], y)))
    for done, (t, k, j) in enumerate(rows, 1):
        for i in range(0, shape[3], x):
            source = (t, slice(k, k + z), slice(2 * j, 2 * (j + y), 2), slice(2 * i, 2 * (i + x), 2))
            coarser[t, k : k + z, j : j + y, i : i + x] = finer[source]
        yield done / len(rows)
