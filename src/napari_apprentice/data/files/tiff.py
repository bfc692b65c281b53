"""TIFF of many programs through tifffile: plain, ImageJ, OME, LSM, and what slide scanners write."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_apprentice.data.files import tiff_series
from napari_apprentice.data.files.picture import is_grey
from napari_apprentice.data.files.pixels import MAP_FROM, native, refuse_nonsense
from napari_apprentice.data.files.tiff_metadata import channel_colors, channel_names, spacing_of
from napari_apprentice.data.image.axes import guess_axes, is_guess, to_volume
from napari_apprentice.data.image.lazy import LazyArray
from napari_apprentice.data.image.volume import Volume

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".stk", ".svs", ".ndpi", ".scn", ".qptiff")


def parts(path: Path) -> tuple[str, ...]:
    """The images in a file by number, when an OME-TIFF has several."""
    with _heard(), tifffile.TiffFile(path) as file:
        images = tuple(tiff_series.numbered(file))
    return images if len(images) > 1 else ()


def read(path: Path, part: str = "") -> Volume:
    """Read an image and the coarser levels of a slide; what is large and not in one piece is read as it is needed.

    ``Volume.metadata["notes"]`` say what of the file is left out, and which planes it announces and does not have.
    """
    with _heard() as heard, tifffile.TiffFile(path) as file:
        series = tiff_series.choose(path, file, part)
        size = refuse_nonsense(path, series.shape, series.dtype.itemsize, _stored(path, series))
        pixels, *levels = _pixels(path, file, series, size)
        axes = guess_axes(pixels.shape, names=tuple(series.axes))
        guessed = is_guess(pixels.shape, tuple(series.axes))
        spacing, unit = spacing_of(file, series)
        channels = channel_names(file, series)
        colors = channel_colors(file, series)
        notes = tiff_series.notes(path, file, series, heard.warnings)
    if axes.endswith("S") and size < MAP_FROM and is_grey(pixels):
        pixels, axes, levels = pixels[..., 0], axes[:-1], [level[..., 0] for level in levels]
    stem = path.stem.removesuffix(".ome")
    title, source = (f"{stem} {part}", str(path / part)) if part else (stem, str(path))
    volume = to_volume(
        pixels, axes, spacing, unit, name=title, source=source, channels=channels, levels=levels, guessed=guessed
    )
    told = {**({"colors": colors} if colors else {}), **({"notes": notes} if notes else {})}
    return replace(volume, metadata={**volume.metadata, **told}) if told else volume


def _stored(path: Path, series: Any) -> int:
    """Bytes on the disk; a series over several files, or pages, is believed."""
    size = int(np.prod(series.shape, dtype=float)) * series.dtype.itemsize
    return path.stat().st_size if len(series.pages) == 1 else max(size, path.stat().st_size)


def _pixels(path: Path, file: tifffile.TiffFile, series: Any, size: int) -> list[Any]:
    """The levels of an image of ``size`` bytes, the full resolution first."""
    pages = tiff_series.pages_of(file, series)
    if pages is not None and len(pages) < tiff_series.announced(series):
        return [_padded(path, file, series, size)]
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


def _padded(path: Path, file: tifffile.TiffFile, series: Any, size: int) -> Any:
    """An image whose last pages are not there."""
    if size < MAP_FROM:
        pages = tiff_series.pages_of(file, series) or []
        return native(np.asarray(LazyArray(tiff_series.padded(path, series, pages))))
    opened = tifffile.TiffFile(path)  # stays open
    again = opened.series[file.series.index(series)]
    return LazyArray(tiff_series.padded(path, again, tiff_series.pages_of(opened, again) or []))


def _lazy(series: Any, level: int) -> Any:
    """A zarr array over an open file; its chunks are the tiles or strips."""
    import zarr

    return zarr.open_array(series.aszarr(level=level), mode="r")


@dataclass(frozen=True)
class _Heard:
    """What tifffile logged."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def hear(self, record: logging.LogRecord) -> None:
        """Keep one."""
        (self.errors if record.levelno >= logging.ERROR else self.warnings).append(record.getMessage())


@contextmanager
def _heard() -> Iterator[_Heard]:
    """What tifffile logs as an error (a strip that cannot be decoded is left black) is raised; warnings are kept."""
    heard = _Heard()
    handler = logging.Handler(logging.WARNING)
    handler.emit = heard.hear  # type: ignore[method-assign]
    logger = logging.getLogger("tifffile")
    logger.addHandler(handler)
    try:
        yield heard
    finally:
        logger.removeHandler(handler)
    if heard.errors:
        raise ValueError(heard.errors[0])
