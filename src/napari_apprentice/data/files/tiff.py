"""TIFF of many programs through tifffile: plain, ImageJ, OME, LSM, and what slide scanners write."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_apprentice.data.axes import guess_axes, is_guess, to_volume
from napari_apprentice.data.files import place
from napari_apprentice.data.files.picture import is_grey
from napari_apprentice.data.files.pixels import MAP_FROM, native, refuse_nonsense
from napari_apprentice.data.files.tiff_metadata import channel_names, spacing_of
from napari_apprentice.data.volume import Volume

SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".stk", ".svs", ".ndpi", ".scn", ".qptiff")
_BESIDES = ("thumbnail", "label", "macro", "label image", "macro image", "overview")  # beside the image of a slide


def parts(path: Path) -> tuple[str, ...]:
    """The images in a file by number, when an OME-TIFF has several."""
    with tifffile.TiffFile(path) as file:
        return tuple(map(str, range(len(_images(file))))) if len(_images(file)) > 1 else ()


def read(path: Path, part: str = "") -> Volume:
    """Read an image at full resolution; what is large and not in one piece is read as it is needed."""
    with _errors_raised(), tifffile.TiffFile(path) as file:
        images = _images(file)
        series = images[place.chosen(path, part, tuple(map(str, range(len(images)))), "images")]
        size = refuse_nonsense(path, series.shape, series.dtype.itemsize, _stored(path, series))
        pixels = _pixels(path, file, series, size)
        axes = guess_axes(pixels.shape, names=tuple(series.axes))
        guessed = is_guess(pixels.shape, tuple(series.axes))
        spacing, unit = spacing_of(file, file.series.index(series))
        channels = channel_names(file, file.series.index(series))
    if axes.endswith("S") and size < MAP_FROM and is_grey(pixels):
        pixels, axes = pixels[..., 0], axes[:-1]
    stem = path.stem.removesuffix(".ome")
    title, source = (f"{stem} {part}", str(path / part)) if part else (stem, str(path))
    return to_volume(pixels, axes, spacing, unit, name=title, source=source, channels=channels, guessed=guessed)


def _images(file: tifffile.TiffFile) -> list[Any]:
    """The series to choose from: all images of OME, else the first of the file."""
    if not file.is_ome:
        return list(file.series[:1])
    return [one for one in file.series if one.name.strip().lower() not in _BESIDES] or list(file.series)


def _stored(path: Path, series: Any) -> int:
    """Bytes on the disk; a series over several files, or pages, is believed."""
    size = int(np.prod(series.shape, dtype=float)) * series.dtype.itemsize
    return path.stat().st_size if len(series.pages) == 1 else max(size, path.stat().st_size)


def _pixels(path: Path, file: tifffile.TiffFile, series: Any, size: int) -> Any:
    dtype = series.dtype.newbyteorder(file.byteorder)  # what tifffile says of a series is always native
    if size >= MAP_FROM and series.dataoffset is not None and dtype.isnative:
        mapped: NDArray[Any] = np.memmap(path, dtype, "r", series.dataoffset, series.shape)
        return mapped
    if size >= MAP_FROM:
        return _lazy(path, file.series.index(series))
    return native(np.asarray(series.asarray()))


def _lazy(path: Path, index: int) -> Any:
    """A zarr array over a file that stays open; its chunks are the tiles or strips."""
    import zarr

    return zarr.open_array(tifffile.TiffFile(path).series[index].aszarr(level=0), mode="r")


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
