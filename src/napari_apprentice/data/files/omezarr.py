"""OME-Zarr 0.1 to 0.5 and plain zarr arrays, at all resolutions, read as they are needed.

What a group says is read leniently, as files of many programs are a little off the letter of the specification
(https://ngff.openmicroscopy.org). A plate or a collection of images holds several: one is chosen by its folder,
``plate.ome.zarr/B/3/0``.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.image.axes import guess_axes, is_guess, to_volume
from napari_apprentice.data.image.units import PIXEL, are_steps, in_unit_of_x
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

_ALL_AXES = ("t", "c", "z", "y", "x")  # what version 0.1 and 0.2 always have
_MARKS = ("zarr.json", ".zattrs", ".zgroup", ".zarray")


@dataclass(frozen=True)
class Multiscale:
    """An image at several resolutions, the full one first: the folders of its arrays, and what its axes are.

    ``scales`` has for each array the step along each axis, ``translation`` that of the first.
    """

    axes: tuple[str, ...]
    units: tuple[str, ...]
    paths: tuple[str, ...]
    scales: tuple[tuple[float, ...], ...]
    translation: tuple[float, ...]
    channels: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()  # of the channels, #rrggbb


def is_zarr(path: Path) -> bool:
    """Whether a folder is a zarr array or group."""
    return path.is_dir() and any((path / mark).exists() for mark in _MARKS)


def parts(path: Path) -> tuple[str, ...]:
    """The images of a plate or a collection, by their folders inside; one image has none."""
    told = attributes_of(path)
    if "multiscales" in told or _is_array(path):
        return ()
    if "plate" in told:
        wells = [str(well["path"]) for well in told["plate"].get("wells", [])]
        return tuple(f"{well}/{image}" for well in wells for image in _fields(path / well))
    if "well" in told:
        return tuple(_fields(path))
    if "labels" in told:
        return tuple(str(name) for name in told["labels"])
    series = attributes_of(path / "OME").get("series", [])
    return tuple(str(one) for one in series) or tuple(sorted(_images_below(path), key=_natural))


def read(path: Path, part: str = "") -> Volume:
    """Read an image or an array; of a collection with one image, that one."""
    import zarr  # a third of a second that only who opens such a folder waits for

    if _is_array(path):
        array = zarr.open_array(path, mode="r")
        names = _dimension_names(array)
        axes, guessed = guess_axes(array.shape, names=names), is_guess(array.shape, names)
        return to_volume(array, axes, name=_name(path), source=str(path), guessed=guessed)
    inside = parts(path)
    if inside and "multiscales" not in attributes_of(path):
        if len(inside) > 1:
            listed = ", ".join(inside[:8]) + (", ..." if len(inside) > 8 else "")
            raise UserError(f"{path} holds {len(inside)} images ({listed}): choose one, such as {path / inside[0]}.")
        return read(path / inside[0])
    image = multiscale(path)
    array = zarr.open_array(path / image.paths[0], mode="r")
    if len(image.axes) != len(array.shape):
        raise UserError(f"{path} names {len(image.axes)} axes but its pixels have {len(array.shape)}: it is damaged.")
    axes = guess_axes(array.shape, names=image.axes)
    spacing, unit = _spacing(image)
    volume = to_volume(
        array,
        axes,
        spacing,
        unit,
        name=_name(path),
        source=str(path),
        channels=image.channels,
        levels=_coarser(path, image),
    )
    moved = [image.translation[image.axes.index(a)] if a in image.axes else 0.0 for a in "zyx"]
    placed = any(moved) and np.isfinite(moved).all()
    told = {**({"translate": moved} if placed else {}), **({"colors": list(image.colors)} if image.colors else {})}
    return replace(volume, metadata={**volume.metadata, **told})


def multiscale(path: Path) -> Multiscale:
    """What a group says about its image; `UserError` when it has none."""
    told = attributes_of(path)
    try:
        first = told["multiscales"][0]
        axes, units = _axes(first.get("axes"))
        levels = [_steps(level, len(axes)) for level in first["datasets"]]
        whole, shift = _steps(first, len(axes))
        scales = tuple(tuple(a * b for a, b in zip(scale, whole, strict=True)) for scale, _ in levels)
        moved = tuple(a * b + c for a, b, c in zip(levels[0][1], whole, shift, strict=True))
        paths = tuple(str(level["path"]) for level in first["datasets"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path} does not say how its image is stored: it is damaged or no OME-Zarr image.") from error
    return Multiscale(axes, units, paths, scales, moved, _channels(told, "label"), _colors(told))


def _coarser(path: Path, image: Multiscale) -> list[Any]:
    """The arrays of the coarser levels; without those that were never written, or are damaged."""
    import zarr

    found = []
    for one in image.paths[1:]:
        with suppress(OSError, ValueError, KeyError, TypeError):
            found.append(zarr.open_array(path / one, mode="r"))
    return found


def _axes(told: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and units; before 0.3 the axes were always five, in 0.3 they were names alone."""
    if not told:
        return _ALL_AXES, (PIXEL,) * 5
    if isinstance(told[0], str):
        return tuple(told), (PIXEL,) * len(told)
    return tuple(str(one["name"]) for one in told), tuple(str(one.get("unit", PIXEL)) for one in told)


def _steps(level: dict[str, Any], count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Scale and translation of a level, one number for each axis."""
    scale, shift = (1.0,) * count, (0.0,) * count
    for one in level.get("coordinateTransformations", []):
        if one["type"] == "scale":
            scale = tuple(float(step) for step in one["scale"])
        elif one["type"] == "translation":
            shift = tuple(float(step) for step in one["translation"])
    if len(scale) != count or len(shift) != count:
        raise ValueError("a transformation has another number of axes")
    return scale, shift


def _spacing(image: Multiscale) -> tuple[tuple[float, float, float], str]:
    names = [name.lower() for name in image.axes]
    steps = [image.scales[0][names.index(letter)] if letter in names else 1.0 for letter in "zyx"]
    units = [image.units[names.index(letter)] if letter in names else PIXEL for letter in "zyx"]
    if not are_steps(steps):
        return (1.0, 1.0, 1.0), PIXEL
    return in_unit_of_x(steps, units)


def _channels(told: dict[str, Any], name: str) -> tuple[str, ...]:
    """One property of all channels; () where the file does not say it of all."""
    try:
        return tuple(str(channel[name]) for channel in told["omero"]["channels"])
    except (KeyError, TypeError):
        return ()


def _colors(told: dict[str, Any]) -> tuple[str, ...]:
    found = tuple(f"#{color.lower()}" for color in _channels(told, "color"))
    return found if all(len(color) == 7 for color in found) else ()


def attributes_of(path: Path) -> dict[str, Any]:
    """What a group says about itself, of both versions of zarr; empty when there is nothing, or nonsense."""
    for name in ("zarr.json", ".zattrs"):
        try:
            told = json.loads((path / name).read_bytes())
        except (OSError, ValueError):
            continue
        if name == "zarr.json":
            told = told.get("attributes", {}) if isinstance(told, dict) else {}
            told = told.get("ome", told)
        return told if isinstance(told, dict) else {}
    return {}


def _is_array(path: Path) -> bool:
    if (path / ".zarray").exists():
        return True
    try:
        return bool(json.loads((path / "zarr.json").read_bytes())["node_type"] == "array")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _fields(well: Path) -> list[str]:
    return [str(one["path"]) for one in attributes_of(well).get("well", {}).get("images", [])]


def _images_below(path: Path) -> list[str]:
    found = (one for one in path.iterdir() if is_zarr(one))
    return [one.name for one in found if "multiscales" in attributes_of(one) or _is_array(one)]


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (1 << 31, name)


def _dimension_names(array: Any) -> tuple[str, ...]:
    """What version 3 of zarr calls the axes, and xarray in version 2."""
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS", ())
    return tuple(str(name) for name in names)


def _name(path: Path) -> str:
    """After the folder with the suffix, with what comes below."""
    for parent in (path, *path.parents):
        if parent.name.lower().endswith(".zarr"):
            below = path.relative_to(parent).as_posix()
            stem = parent.name[: -len(".zarr")].removesuffix(".ome")
            return stem if below == "." else f"{stem} {below}"
    return path.name
