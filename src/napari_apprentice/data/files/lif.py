"""Leica's LIF and LOF through liffile: images are chosen by their number, ``file.lif/3``.

The tiles of a mosaic, and the places along any axis but time, channel and z, are images of their own: ``file.lif/3.7``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from napari_apprentice.data.files import place
from napari_apprentice.data.files.pixels import MAP_FROM, native, refuse_nonsense
from napari_apprentice.data.files.planes import library
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.units import MICROMETER, PIXEL, are_steps
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.storage import scratch
from napari_apprentice.data.storage.temporary import TemporaryFolder
from napari_apprentice.errors import UserError

SUFFIXES = (".lif", ".lof")
_KNOWN = frozenset("TCZYXS")
_WAVELENGTHS = frozenset("λΛ")  # of emission, of excitation
_COLOURS = {
    "red": "#ff0000",
    "green": "#00ff00",
    "blue": "#0000ff",
    "cyan": "#00ffff",
    "magenta": "#ff00ff",
    "yellow": "#ffff00",
    "gray": "#ffffff",
    "grey": "#ffffff",
}


def parts(path: Path) -> tuple[str, ...]:
    """Numbers of the images, when there are several."""
    with library("liffile", "LIF", "lif").LifFile(path) as file:
        found = _parts(file)
    return tuple(found) if len(found) > 1 else ()


def read(path: Path, part: str = "") -> Volume:
    """Read one image; a large one is mapped."""
    with library("liffile", "LIF", "lif").LifFile(path) as file:
        found = _parts(file)
        number, at = list(found.values())[place.choose_part(path, part, tuple(found), "images")]
        image = file.images[number]
        refuse_nonsense(path, image.shape, image.dtype.itemsize)
        # rows of mapped files cannot be turned around, as those of some RGB images have to be
        mapped = image.nbytes >= MAP_FROM and "S" not in image.dims
        pixels = _mapped(path, image) if mapped else image.asarray()
        spacing, unit, told = _spacing(image), _unit(image), _channels(image) | _times(image)
        title = image.path
    pixels = pixels[tuple(at.get(axis, slice(None)) for axis in image.dims)]
    axes = "".join("C" if axis in _WAVELENGTHS else axis for axis in image.dims if axis not in at)
    channels = told.pop("channels")
    count = pixels.shape[axes.index("C")] if "C" in axes else 1
    source = str(path / part) if part else str(path)
    volume = to_volume(
        pixels if mapped else native(pixels),
        axes,
        spacing,
        unit,
        name=f"{path.stem} {title}",
        source=source,
        channels=channels if len(channels) == count else (),
    )
    return replace(volume, metadata={**volume.metadata, **told})


def _mapped(path: Path, image: Any) -> Any:
    """The pixels in a temporary file, for which there is room; it goes with the map."""
    folder = TemporaryFolder()
    try:
        pixels = scratch.create(folder.path / "pixels.npy", image.shape, image.dtype, f"the pixels of {path.name}")
        image.asarray(out=pixels)
    finally:
        folder.close()
    return pixels


def _parts(file: Any) -> dict[str, tuple[int, dict[str, int]]]:
    """Which image, and where along the axes that an image of ours does not have."""
    found: dict[str, tuple[int, dict[str, int]]] = {}
    for number, image in enumerate(file.images):
        if image.is_flim or not {"Y", "X"} <= set(image.dims):  # photon counts and lines are no images
            continue
        # one axis of wavelengths can be that of the channels
        known = _KNOWN | _WAVELENGTHS if len((_WAVELENGTHS | {"C"}) & set(image.dims)) == 1 else _KNOWN
        others = {axis: n for axis, n in image.sizes.items() if axis not in known}
        places = list(product(*(range(n) for n in others.values())))
        for index, one in enumerate(places):
            name = str(number) if len(places) == 1 else f"{number}.{index}"
            found[name] = (number, dict(zip(others, one, strict=True)))
    if not found:
        raise UserError("it holds no image: open another one.")
    return found


def _steps(image: Any) -> dict[str, float]:
    """Distance between two pixels along each axis, in metres, or seconds."""
    found = {}
    for axis, places in image.coords.items():
        if len(places) > 1:
            step = abs(float(places[-1]) - float(places[0])) / (len(places) - 1)
            if math.isfinite(step) and step > 0:
                found[axis] = step
    return found


def _spacing(image: Any) -> tuple[float, float, float]:
    if _unit(image) == PIXEL:
        return 1.0, 1.0, 1.0
    steps = _lengths(image)
    return steps.get("Z", 1.0), steps["Y"], steps["X"]


def _lengths(image: Any) -> dict[str, float]:
    """Distance between two pixels along Z, Y and X, in micrometres."""
    steps = {axis: 1e6 * step for axis, step in _steps(image).items() if axis in "ZYX"}
    return {axis: step for axis, step in steps.items() if are_steps((step,))}


def _unit(image: Any) -> str:
    """Micrometres where the file says both steps of the plane in metres."""
    units = {
        one.get("DimID"): one.get("Unit")
        for one in image.xml_element.findall("./Data/Image/ImageDescription/Dimensions/DimensionDescription")
    }
    known = units.get("1") == "m" and units.get("2") == "m" and {"Y", "X"} <= set(_lengths(image))
    return MICROMETER if known else PIXEL


def _channels(image: Any) -> dict[str, Any]:
    """Names of the channels, their dyes or the colours they are shown in, and these colours."""
    told = image.xml_element.findall("./Data/Image/ImageDescription/Channels/ChannelDescription")
    names, colours = [], []
    for number, one in enumerate(told):
        shown = one.get("LUTName") or ""
        properties = {p.findtext("Key"): p.findtext("Value") for p in one.findall("./ChannelProperty")}
        names.append(properties.get("DyeName") or shown or f"channel {number}")
        colours.append(_COLOURS.get(shown.lower(), "#ffffff"))
    return {"channels": tuple(names), "colors": colours}


def _times(image: Any) -> dict[str, Any]:
    """Seconds between frames."""
    seconds = _steps(image).get("T")
    return {} if seconds is None else {"seconds_per_frame": seconds}
