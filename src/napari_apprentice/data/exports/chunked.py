"""Labels that memory cannot hold into a file, chunk by chunk: OME-Zarr, or OME-TIFF by way of it.

What takes long yields the share that is done, so that it can be shown and stopped.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data import whole
from napari_apprentice.data.chunks import written
from napari_apprentice.data.exports import large_tiff, omezarr
from napari_apprentice.data.exports.export import Export
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Triple

FORMATS = "OME-TIFF (.tif) or OME-Zarr (.zarr)"
_FINEST, _LEVELS = 0.4, 0.6  # of the work of `copied`: when the finest level is there, and when all are


def is_tiff(path: Path) -> bool:
    """Whether labels go to such a path as OME-TIFF."""
    return path.name.lower().endswith(large_tiff.SUFFIXES)


def why_not(path: Path) -> str:
    """One sentence when labels that memory cannot hold are not written in such a format."""
    if is_tiff(path) or path.name.endswith(".zarr") or omezarr.image_above(path) is not None:
        return ""
    return f"An image this large is not written as {path.name}: choose {FORMATS}."


def refuse(path: Path, image: Volume) -> None:
    """`UserError` when such labels may not be written here."""
    if why_not(path):
        raise UserError(why_not(path))
    if not is_tiff(path):
        omezarr.refuse(path, image)


def copied(labels: Path, path: Path, image: Volume, names: Mapping[int, str]) -> Iterator[float]:
    """Write the labels of the zarr array (T, Z, Y, X) in a folder to ``path``; its empty chunks are not read.

    `UserError` when they cannot be; stopped before its end, it leaves nothing behind.
    """
    refuse(path, image)
    folder = _aside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield from _filled(labels, folder, path)
        for share in finish(folder, path, image, names):
            yield _LEVELS + (1 - _LEVELS) * share
    except OSError as error:
        raise UserError(f"Cannot write {path} ({error.strerror}): free some space or choose another folder.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def forget(path: Path) -> None:
    """Remove what a process that was killed while it `copied` had written."""
    shutil.rmtree(_aside(path), ignore_errors=True)
    whole.forget(path)


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


def finish(folder: Path, path: Path, image: Volume, names: Mapping[int, str]) -> Iterator[float]:
    """Make labels with all their levels, in ``folder``, what ``path`` is to be; the folder is gone then."""
    import zarr

    group: Any = zarr.open_group(folder, mode="a")
    if is_tiff(path):
        levels = [group[str(level)] for level in range(len(omezarr.steps_of(group["0"].shape)))]
        yield from large_tiff.write(levels, path, image)
        shutil.rmtree(folder)
        return
    export = Export(np.zeros((1, 1, 1, 1)), image, dict(names))
    omezarr.describe(group, path, export, list("TZYX"))
    with whole.whole_folder(path) as part:
        shutil.move(folder, part)
    omezarr.listed(path)
    yield 1.0


def _aside(path: Path) -> Path:
    """Where the levels are made before they are a file."""
    return path.with_name(f".levels-{path.name}")


def _filled(labels: Path, folder: Path, path: Path) -> Iterator[float]:
    import zarr

    shutil.rmtree(folder, ignore_errors=True)
    source: Any = zarr.open_array(labels, mode="r")
    parts = list(written(labels, source.chunks, source.shape))
    out = begun(folder, path, source.shape, source.chunks[1:])
    for done, part in enumerate(parts, 1):
        out[part] = source[part]
        yield _FINEST * done / len(parts)
    for share in halved(folder):
        yield _FINEST + (_LEVELS - _FINEST) * share


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
