"""Zeiss's CZI, tiles of a mosaic put together: scenes are images of their own, ``file.czi/2``.

Read by pylibCZIrw where it is installed, else by czifile from 2026 on, which needs Python 3.12.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from napari_apprentice.data.files import place
from napari_apprentice.data.files.czi_scenes import Scene, open_czi
from napari_apprentice.data.files.pixels import MAP_FROM, refuse_nonsense
from napari_apprentice.data.files.planes import compact, not_there, squeeze_planes
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.units import MICROMETER, PIXEL, are_steps
from napari_apprentice.data.image.volume import Volume

SUFFIXES = (".czi",)


def parts(path: Path) -> tuple[str, ...]:
    """Numbers of the scenes, when there are several."""
    file = open_czi(path)
    try:
        return _numbers(file.scenes)
    finally:
        file.close()


def read(path: Path, part: str = "") -> Volume:
    """Read one scene; a large one as it is needed, with the coarser levels that the file has."""
    file = open_czi(path)
    try:
        scene: Scene = file.scenes[place.choose_part(path, part, _numbers(file.scenes), "scenes")]
        planes = file.planes(scene)
        refuse_nonsense(path, planes.shape, planes.dtype.itemsize)
        spacing, unit, told = _about(file.xml)
        missing = file.missing(scene)
        large = planes.nbytes >= MAP_FROM
        levels = [compact(file.planes(scene, factor))[0] for factor in file.factors(scene)] if large else []
        pixels, axes = squeeze_planes(planes, file.close)
    except BaseException:
        file.close()
        raise
    name, source = (f"{path.stem} {part}", str(path / part)) if part else (path.stem, str(path))
    channels = told.pop("channels")
    volume = to_volume(
        pixels,
        axes,
        spacing,
        unit,
        name=name,
        source=source,
        channels=channels if len(channels) == planes.shape[1] else (),
        levels=levels,
    )
    skipped = [f"{path.name} has {n} of {axis}: the first is shown." for axis, n in scene.others.items()]
    notes = [*skipped, *_missing_words(path.name, scene, missing)]
    return replace(volume, metadata={**volume.metadata, **told, **({"notes": notes} if notes else {})})


def _missing_words(name: str, scene: Scene, missing: list[tuple[int, ...]]) -> list[str]:
    if not missing:
        return []
    several = [n > 1 for n in scene.sizes]
    places = [
        ", ".join(f"{axis} {i}" for axis, i, said in zip("tcz", at, several, strict=True) if said) for at in missing
    ]
    return [not_there(name, math.prod(scene.sizes), places)]


def _numbers(scenes: tuple[Scene, ...]) -> tuple[str, ...]:
    return tuple(map(str, range(len(scenes)))) if len(scenes) > 1 else ()


def _about(xml: str) -> tuple[tuple[float, float, float], str, dict[str, Any]]:
    """Spacing (z, y, x) and its unit, and names and colours of the channels."""
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return (1.0, 1.0, 1.0), PIXEL, {"channels": ()}
    steps = {one.get("Id"): _micrometres(one) for one in root.iterfind(".//Scaling/Items/Distance")}
    told: dict[str, Any] = {"channels": (), **_times(root)}
    channels = root.findall(".//Information/Image/Dimensions/Channels/Channel")
    shown = {one.get("Id"): one for one in root.iterfind(".//DisplaySetting/Channels/Channel")}
    names = [one.get("Name") or getattr(shown.get(one.get("Id")), "attrib", {}).get("Name") for one in channels]
    colours = [one.findtext("Color") or _text(shown.get(one.get("Id")), "Color") for one in channels]
    if all(names):
        told["channels"] = tuple(str(name) for name in names)
    if colours and all(colours):
        told["colors"] = ["#" + str(colour)[-6:].lower() for colour in colours]  # the file has #AARRGGBB
    if not (steps.get("X") and steps.get("Y")):
        return (1.0, 1.0, 1.0), PIXEL, told
    return (steps.get("Z") or 1.0, steps["Y"] or 1.0, steps["X"] or 1.0), MICROMETER, told


def _micrometres(distance: ElementTree.Element) -> float | None:
    """The file has metres."""
    with suppress(ValueError):
        step = 1e6 * float(distance.findtext("Value") or "nan")
        step = round(step, 9)
        return step if are_steps((step,)) else None
    return None


def _times(root: ElementTree.Element) -> dict[str, Any]:
    """Seconds between frames."""
    with suppress(ValueError):
        seconds = float(root.findtext(".//Information/Image/Dimensions/T/Positions/Interval/Increment") or "nan")
        return {"seconds_per_frame": seconds} if math.isfinite(seconds) and seconds > 0 else {}
    return {}


def _text(element: ElementTree.Element | None, name: str) -> str | None:
    return None if element is None else element.findtext(name)
