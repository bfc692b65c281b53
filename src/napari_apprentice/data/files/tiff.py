"""TIFF of many programs through tifffile: plain, ImageJ, OME, LSM, and what slide scanners write."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_apprentice.data.files import place
from napari_apprentice.data.files.picture import is_grey
from napari_apprentice.data.files.pixels import MAP_FROM, native, refuse_nonsense
from napari_apprentice.data.files.tiff_metadata import channel_colors, channel_names, spacing_of
from napari_apprentice.data.image.axes import guess_axes, is_guess, to_volume
from napari_apprentice.data.image.volume import Volume

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".stk", ".svs", ".ndpi", ".scn", ".qptiff")
_BESIDES = ("thumbnail", "label", "macro", "label image", "macro image", "overview")  # beside the image of a slide


def parts(path: Path) -> tuple[str, ...]:
    """The images in a file by number, when an OME-TIFF has several."""
    with tifffile.TiffFile(path) as file:
        return tuple(map(str, range(len(_images(file))))) if len(_images(file)) > 1 else ()


def read(path: Path, part: str = "") -> Volume:
    """Read an image and the coarser levels of a slide; what is large and not in one piece is read as it is needed."""
    with _errors_raised(), tifffile.TiffFile(path) as file:
        images = _images(file)
        series = images[place.choose_part(path, part, tuple(map(str, range(len(images)))), "images")]
        size = refuse_nonsense(path, series.shape, series.dtype.itemsize, _stored(path, series))
        pixels, *levels = _pixels(path, file, series, size)
        axes = guess_axes(pixels.shape, names=tuple(series.axes))
        guessed = is_guess(pixels.shape, tuple(series.axes))
        spacing, unit = spacing_of(file, file.series.index(series))
        channels = channel_names(file, file.series.index(series))
        colors = channel_colors(file, file.series.index(series))
    if axes.endswith("S") and size < MAP_FROM and is_grey(pixels):
        pixels, axes, levels = pixels[..., 0], axes[:-1], [level[..., 0] for level in levels]
    stem = path.stem.removesuffix(".ome")
    title, source = (f"{stem} {part}", str(path / part)) if part else (stem, str(path))
    volume = to_volume(
        pixels, axes, spacing, unit, name=title, source=source, channels=channels, levels=levels, guessed=guessed
    )
    return replace(volume, metadata={**volume.metadata, "colors": colors}) if colors else volume


def _images(file: tifffile.TiffFile) -> list[Any]:
    """The series to choose from: all images of OME, else the first of the file."""
    if not file.is_ome:
        return list(file.series[:1])
    return [one for one in file.series if one.name.strip().lower() not in _BESIDES] or list(file.series)


def _stored(path: Path, series: Any) -> int:
    """Bytes on the disk; a series over several files, or pages, is believed."""
    size = int(np.prod(series.shape, dtype=float)) * series.dtype.itemsize
    return path.stat().st_size if len(series.pages) == 1 else max(size, path.stat().st_size)


def _pixels(path: Path, file: tifffile.TiffFile, series: Any, size: int) -> list[Any]:
    """The levels of an image of ``size`` bytes, the full resolution first."""
    levels = {number: level for number, level in enumerate(series.levels) if len(level.shape) == len(series.shape)}
    if size < MAP_FROM:
        return [native(np.asarray(level.asarray())) for level in levels.values()]
    opened: Any = None
    found: list[Any] = []
    for number, level in levels.items():
        dtype = level.dtype.newbyteorder(file.byteorder)  # what tifffile says of a series is always native
        if level.dataoffset is not None and dtype.isnative:
            found.append(np.memmap(path, dtype, "r", level.dataoffset, level.shape))
            continue
        if opened is None:  # stays open
            opened = tifffile.TiffFile(path).series[file.series.index(series)]
        found.append(_lazy(opened, number))
    return found


def _lazy(series: Any, level: int) -> Any:
    """A zarr array over an open file; its chunks are the tiles or strips."""
    import zarr

    return zarr.open_array(series.aszarr(level=level), mode="r")


@contextmanager
def _errors_raised() -> Iterator[None]:
    """What tifffile logs as an error (a strip that cannot be decoded is left black) is raised; warnings are dropped."""
    errors: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: errors.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("tifffile")
    spreads, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = spreads
    if errors:
        raise ValueError(errors[0])
