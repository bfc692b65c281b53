"""TIFF, ImageJ TIFF and OME-TIFF through tifffile: axes, spacing and unit where the file tells them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_apprentice.data.axes import guess_axes, to_volume
from napari_apprentice.data.files.picture import is_grey
from napari_apprentice.data.units import PIXEL, plain_unit
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError

SUFFIXES = (".tif", ".tiff")
_MAP_FROM = 1 << 26  # bytes; smaller images are read at once, so that nothing holds their file
_BEST_COMPRESSION = 2000  # no codec packs more; a file that claims more is damaged and would fill the memory

Spacing = tuple[float, float, float]


def read(path: Path) -> Volume:
    """Read the first image in a TIFF file, at full resolution."""
    with _errors_raised(), tifffile.TiffFile(path) as file:
        series = file.series[0]
        _refuse_nonsense(path, series)
        pixels = _pixels(path, series)
        axes = guess_axes(pixels.shape, names=tuple(series.axes))
        spacing, unit = _spacing(file)
        channels = _channel_names(file)
    if axes.endswith("S") and is_grey(pixels):
        pixels, axes = pixels[..., 0], axes[:-1]
    return to_volume(pixels, axes, spacing, unit, name=path.stem, source=str(path), channels=channels)


def write_labels(path: Path, labels: NDArray[Any], spacing: Spacing, unit: str) -> None:
    """Write labels (T, Z, Y, X) as compressed OME-TIFF; axes of length 1 are left out except Y and X."""
    t, z, _, _ = labels.shape
    axes = ("T" if t > 1 else "") + ("Z" if z > 1 else "") + "YX"
    flat = np.asarray(labels, np.uint32)
    flat = flat if t > 1 else flat[0]
    flat = flat if z > 1 else flat[..., 0, :, :]
    write(path, flat, axes, spacing, unit)


def write(
    path: Path, pixels: NDArray[Any], axes: str, spacing: Spacing, unit: str, channels: tuple[str, ...] = ()
) -> None:
    """Write an image as compressed OME-TIFF; it appears under its name only when it is complete."""
    metadata: dict[str, Any] = {"axes": axes}
    for letter, step in zip("ZYX", spacing, strict=True):
        if unit != PIXEL or set(spacing) != {1.0}:
            metadata[f"PhysicalSize{letter}"] = float(step)
            metadata[f"PhysicalSize{letter}Unit"] = "µm" if plain_unit(unit) == "um" else plain_unit(unit)
    if channels:
        metadata["Channel"] = {"Name": list(channels)}
    part = path.with_name(path.name + ".part")
    try:
        photometric = "rgb" if axes.endswith("S") else "minisblack"
        tifffile.imwrite(part, pixels, ome=True, compression="zlib", metadata=metadata, photometric=photometric)
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UserError(f"Cannot write {path} ({error.strerror}): free some space or choose another folder.") from error


def _refuse_nonsense(path: Path, series: Any) -> None:
    size = int(np.prod(series.shape, dtype=float)) * series.dtype.itemsize
    if size == 0:
        raise UserError(f"The image in {path} is empty (shape {tuple(series.shape)}): open another one.")
    if size > _BEST_COMPRESSION * path.stat().st_size and len(series.pages) == 1:
        raise UserError(f"{path} claims {size / 1e9:.3g} GB in a file of {path.stat().st_size} bytes: it is damaged.")


def _pixels(path: Path, series: Any) -> NDArray[Any]:
    size = int(np.prod(series.shape, dtype=float)) * series.dtype.itemsize
    if size >= _MAP_FROM and series.dataoffset is not None and series.dtype.isnative:
        mapped: NDArray[Any] = np.memmap(path, series.dtype, "r", series.dataoffset, series.shape)
        return mapped
    pixels = np.asarray(series.asarray())
    if pixels.dtype == bool:
        return pixels.astype(np.uint8)
    return pixels.astype(pixels.dtype.newbyteorder("="), copy=False)


def _spacing(file: tifffile.TiffFile) -> tuple[Spacing, str]:
    """Spacing (z, y, x) and its unit; 1 pixel where the file does not tell, or tells nonsense."""
    sizes, unit = (1.0, 1.0, 1.0), PIXEL
    if file.is_ome and file.ome_metadata:
        sizes, unit = _ome_spacing(file.ome_metadata)
    elif file.is_imagej and file.imagej_metadata:
        sizes, unit = _imagej_spacing(file)
    if not all(np.isfinite(size) and size > 0 for size in sizes):
        return (1.0, 1.0, 1.0), PIXEL
    return sizes, unit


def _ome_spacing(xml: str) -> tuple[Spacing, str]:
    pixels = _ome_pixels(xml)
    unit = plain_unit(str(pixels.get("PhysicalSizeXUnit", "µm"))) if "PhysicalSizeX" in pixels else PIXEL
    z, y, x = (float(pixels.get(f"PhysicalSize{letter}", 1)) for letter in "ZYX")
    return (z, y, x), unit


def _ome_pixels(xml: str) -> dict[str, Any]:
    """What OME-XML says about the first image's pixels; empty when it cannot be understood."""
    try:
        image = tifffile.xml2dict(xml)["OME"]["Image"]
        pixels = (image[0] if isinstance(image, list) else image)["Pixels"]
    except (KeyError, TypeError, IndexError, SyntaxError):  # a ParseError is a SyntaxError
        return {}
    return pixels if isinstance(pixels, dict) else {}


def _channel_names(file: tifffile.TiffFile) -> tuple[str, ...]:
    if not (file.is_ome and file.ome_metadata):
        return ()
    found = _ome_pixels(file.ome_metadata).get("Channel", [])
    names = [str(channel.get("Name", "")) for channel in (found if isinstance(found, list) else [found])]
    return tuple(names) if all(names) else ()


def _imagej_spacing(file: tifffile.TiffFile) -> tuple[Spacing, str]:
    """ImageJ keeps pixels per unit in the resolution tags, and the distance of slices in its own text."""
    metadata = file.imagej_metadata or {}
    tags = file.pages[0].tags  # type: ignore[union-attr]
    y, x = (_per_pixel(tags.get(name)) for name in ("YResolution", "XResolution"))
    unit = plain_unit(str(metadata.get("unit", "")))
    z = float(metadata.get("spacing", 1.0))
    if unit == PIXEL:
        return (z if y == x == 1.0 else 1.0, 1.0, 1.0), PIXEL
    return (abs(z), y, x), unit


def _per_pixel(tag: Any) -> float:
    try:
        pixels, units = tag.value
        return float(units / pixels)
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        return 1.0


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
