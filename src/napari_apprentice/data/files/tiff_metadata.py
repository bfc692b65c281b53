"""What a TIFF file says about pixel size and channels, in the ways of the programs that write it."""

from __future__ import annotations

import re
from typing import Any

import tifffile

from napari_apprentice.data.image.units import MICROMETER, PIXEL, are_steps, in_unit_of_x, plain_unit

Spacing = tuple[float, float, float]


def spacing_of(file: tifffile.TiffFile, series: Any) -> tuple[Spacing, str]:
    """Spacing (z, y, x) and its unit; 1 pixel where the file does not tell, or tells nonsense."""
    sizes, unit = (1.0, 1.0, 1.0), PIXEL
    if file.is_ome and file.ome_metadata:
        sizes, unit = _ome_spacing(_ome_pixels(file, series))
    elif file.is_imagej and file.imagej_metadata:
        sizes, unit = _imagej_spacing(file)
    elif file.is_lsm and file.lsm_metadata:
        sizes, unit = _lsm_spacing(file.lsm_metadata)
    elif file.is_svs or file.is_ndpi or file.is_scn or file.is_qpi:
        sizes, unit = _slide_spacing(file)
    if not are_steps(sizes):
        return (1.0, 1.0, 1.0), PIXEL
    return sizes, unit


def _ome_spacing(pixels: dict[str, Any]) -> tuple[Spacing, str]:
    if "PhysicalSizeX" not in pixels:
        return (1.0, 1.0, 1.0), PIXEL
    steps = [float(pixels.get(f"PhysicalSize{letter}", 1)) for letter in "ZYX"]
    return in_unit_of_x(steps, [str(pixels.get(f"PhysicalSize{letter}Unit", "µm")) for letter in "ZYX"])


def _ome_pixels(file: tifffile.TiffFile, series: Any) -> dict[str, Any]:
    """What OME-XML says about an image's pixels; empty when it cannot be understood.

    Images of which there is no plane are no series: then names tell which is which, where each has its own.
    """
    try:
        told = tifffile.xml2dict(file.ome_metadata or "")["OME"]["Image"]
        images = told if isinstance(told, list) else [told]
        found = [images[file.series.index(series)]]
        if len(images) != len(file.series):
            found = [one for one in images if str(one.get("Name")) == series.name]
        pixels = found[0]["Pixels"] if len(found) == 1 else {}
    except (KeyError, TypeError, IndexError, AttributeError, SyntaxError):  # a ParseError is a SyntaxError
        return {}
    return pixels if isinstance(pixels, dict) else {}


def channel_names(file: tifffile.TiffFile, series: Any) -> tuple[str, ...]:
    """What OME calls the channels; () when it does not say all of them."""
    names = [str(channel.get("Name", "")) for channel in _ome_channels(file, series)]
    return tuple(names) if all(names) else ()


def channel_colors(file: tifffile.TiffFile, series: Any) -> list[str]:
    """In what colours OME shows the channels, #rrggbb; [] when it does not say all of them."""
    colors = [channel.get("Color") for channel in _ome_channels(file, series)]
    # a signed number of 32 bits, red in the highest 8, opacity in the lowest
    return [f"#{(color & 0xFFFFFFFF) >> 8:06x}" for color in colors if isinstance(color, int)] if all(colors) else []


def _ome_channels(file: tifffile.TiffFile, series: Any) -> list[dict[str, Any]]:
    if not (file.is_ome and file.ome_metadata):
        return []
    found = _ome_pixels(file, series).get("Channel", [])
    return found if isinstance(found, list) else [found]


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


def _lsm_spacing(metadata: dict[str, Any]) -> tuple[Spacing, str]:
    """Zeiss LSM keeps metres."""
    z, y, x = (1e6 * float(metadata.get(f"VoxelSize{letter}", 0)) for letter in "ZYX")
    return (z if z > 0 else 1.0, y, x), MICROMETER


def _slide_spacing(file: tifffile.TiffFile) -> tuple[Spacing, str]:
    """Slide scanners: micrometres per pixel in Aperio's text, else pixels per centimetre or inch in the tags."""
    page: Any = file.pages[0]
    told = re.search(r"MPP = ([0-9.]+)", page.description or "")
    if told:
        return (1.0, float(told[1]), float(told[1])), MICROMETER
    unit = {2: 25400.0, 3: 10000.0}.get(int(page.tags.valueof("ResolutionUnit", 1)))
    y, x = (_per_pixel(page.tags.get(name)) for name in ("YResolution", "XResolution"))
    return ((1.0, y * unit, x * unit), MICROMETER) if unit else ((1.0, 1.0, 1.0), PIXEL)


def _per_pixel(tag: Any) -> float:
    try:
        pixels, units = tag.value
        return float(units / pixels)
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        return 1.0
