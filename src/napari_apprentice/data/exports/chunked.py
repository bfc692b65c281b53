"""Labels that memory cannot hold into a file: OME-Zarr chunk by chunk, OME-TIFF by way of it, or object by object.

What takes long yields the share that is done, so that it can be shown and stopped.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.exports import geojson, large_tiff, omezarr, table, tiff, writer_of
from napari_apprentice.data.exports.export import ExportRequest, Writer, refuse_image
from napari_apprentice.data.exports.objects import some_at_a_time
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.provenance import Provenance
from napari_apprentice.data.storage import disk
from napari_apprentice.data.storage.atomic_write import atomic_write_folder, temporary_beside
from napari_apprentice.data.storage.chunks import written_chunks
from napari_apprentice.errors import UserError
from napari_apprentice.settings import Triple

PartsWriter = Callable[[Path, Iterable[tuple[float, ExportRequest | None]], Provenance], Iterator[float]]
_PYRAMIDS = "OME-TIFF (.tif) or OME-Zarr (.zarr)"
_OBJECTS: dict[Writer, PartsWriter] = {geojson.write: geojson.write_parts, table.write: table.write_parts}
_LEVELS, _FINEST = 0.6, 0.6  # all levels of the work for a TIFF, the finest of that for all levels


@dataclass(frozen=True)
class Saying:
    """What a file says beside labels: what classes are called, their colours, and where it comes from."""

    names: dict[int, str] = field(default_factory=dict)
    colors: dict[int, str] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)


def is_zarr(path: Path) -> bool:
    """Whether labels go to such a path as OME-Zarr, which `finish` makes of its folder."""
    return writer_of(path) is omezarr.write


def has_pyramid(path: Path) -> bool:
    """Whether coarser levels go to such a path."""
    return _is_tiff(path) or is_zarr(path)


def why_not(path: Path, *, classes: bool = False) -> str:
    """One sentence when labels that memory cannot hold are not written in such a format."""
    if has_pyramid(path):
        return ""
    if _of_objects(path) is None:
        return f"{path.name} cannot be written part by part: choose {_PYRAMIDS}, GeoJSON or a table (.csv)."
    return f"Classes cannot be written part by part as {path.name}: choose {_PYRAMIDS}." if classes else ""


def measures(path: Path) -> bool:
    """Whether what is written there has intensities of the image."""
    return _of_objects(path) is not None


def refuse(path: Path, image: Volume, *, classes: bool = False) -> None:
    """`UserError` when such labels may not be written here."""
    reason = why_not(path, classes=classes)
    if reason:
        raise UserError(reason)
    refuse_image(path, image)
    if is_zarr(path):
        omezarr.refuse(path, image)


def copy_labels(
    labels: Path, path: Path, image: Volume, saying: Saying, *, seen: bool = True, confirmed: Path | None = None
) -> Generator[float]:
    """Write the labels of the zarr array (T, Z, Y, X) in a folder to ``path``; its empty chunks are not read.

    Tables have intensities of an ``image`` that was ``seen``, and the shares of objects that are ``confirmed`` in
    another array of that shape. `UserError` when labels cannot be written; stopped before
    its end, it leaves nothing behind.
    """
    import zarr

    refuse(path, image, classes=bool(saying.names))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if has_pyramid(path):
            yield from _by_way_of_zarr(labels, path, image, saying)
        else:
            sure = None if confirmed is None else zarr.open_array(confirmed, mode="r")
            yield from _objects_written(zarr.open_array(labels, mode="r"), path, image, saying, seen=seen, sure=sure)
    except OSError as error:
        raise disk.refusal(error, path) from error


def begin(folder: Path, path: Path, shape: tuple[int, int, int, int], chunk: Triple) -> Any:
    """An array of labels (T, Z, Y, X) in ``folder`` to be filled chunk by chunk, which will be ``path``.

    One that was begun before is taken up again.
    """
    import zarr

    if (folder / "0").exists():
        return zarr.open_array(folder / "0", mode="r+")
    group = zarr.open_group(folder, mode="w", zarr_format=omezarr.form_of(path))
    names = list("tzyx") if omezarr.form_of(path) == 3 else None
    return group.create_array("0", shape=shape, chunks=(1, *chunk), dtype=np.uint32, dimension_names=names)


def build_pyramid(folder: Path) -> Iterator[float]:
    """Make the coarser levels of what `begin` made, each chunk from those of the level before."""
    import zarr

    group: Any = zarr.open_group(folder, mode="a")
    steps = omezarr.steps_of(group["0"].shape)
    all_of_them = sum(1 / step**2 for step in steps[1:])
    for level in range(1, len(steps)):
        before = sum(1 / step**2 for step in steps[1:level])
        for share in _level(group, level):
            yield (before + share / steps[level] ** 2) / all_of_them


def finish(folder: Path, path: Path, image: Volume, saying: Saying) -> Iterator[float]:
    """Make of labels with all their levels, in ``folder``, what ``path`` is to be; `UserError` when the disk refuses.

    OME-Zarr takes the folder itself: it comes last.
    """
    try:
        yield from _finished(folder, path, image, saying)
    except OSError as error:
        raise disk.refusal(error, path) from error


def _finished(folder: Path, path: Path, image: Volume, saying: Saying) -> Iterator[float]:
    import zarr

    group: Any = zarr.open_group(folder, mode="a")
    if _is_tiff(path):
        levels = [group[str(level)] for level in range(len(omezarr.steps_of(group["0"].shape)))]
        with large_tiff.in_planes(levels, folder / "planes") as planes:
            yield from large_tiff.write(planes, path, image, saying.provenance.text())
    elif not has_pyramid(path):
        yield from _objects_written(group["0"], path, image, saying, seen=True)
    else:
        export = ExportRequest(
            np.zeros((1, 1, 1, 1)), image, saying.names, colors=saying.colors, provenance=saying.provenance
        )
        omezarr.describe(group, path, export, list("TZYX"))
        with atomic_write_folder(path) as part:
            shutil.move(folder, part)
        omezarr.register_labels(path)


def _objects_written(
    labels: Any, path: Path, image: Volume, saying: Saying, *, seen: bool, sure: Any = None
) -> Iterator[float]:
    write = _of_objects(path)
    if write is None:
        return iter(())
    return write(path, some_at_a_time(labels, image, sure, seen=seen), saying.provenance)


def _is_tiff(path: Path) -> bool:
    return writer_of(path) is tiff.write


def _of_objects(path: Path) -> PartsWriter | None:
    return _OBJECTS.get(writer_of(path))


def _by_way_of_zarr(labels: Path, path: Path, image: Volume, saying: Saying) -> Iterator[float]:
    import zarr

    source: Any = zarr.open_array(labels, mode="r")
    parts = list(written_chunks(labels, source.chunks, source.shape))
    levels = 1.0 if is_zarr(path) else _LEVELS
    with temporary_beside(path) as folder:
        out = begin(folder, path, source.shape, source.chunks[1:])
        for done, part in enumerate(parts, 1):
            out[part] = source[part]
            yield _FINEST * levels * done / len(parts)
        for share in build_pyramid(folder):
            yield levels * (_FINEST + (1 - _FINEST) * share)
        for share in finish(folder, path, image, saying):
            yield levels + (1 - levels) * share


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
