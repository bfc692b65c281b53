"""NRRD through pynrrd: attached and detached headers, kinds of axes, spacing, and the way to the scanner."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.files.nrrd_data import read_data
from napari_apprentice.data.files.pixels import MAP_FROM, native, refuse_nonsense
from napari_apprentice.data.image import orientation
from napari_apprentice.data.image.axes import to_volume
from napari_apprentice.data.image.units import PIXEL, are_steps, millimeters, plain_unit
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError

SUFFIXES = (".nrrd", ".nhdr")
_KINDS = {
    "time": "T",
    "list": "T",
    "rgb-color": "S",
    "rgba-color": "S",
    "vector": "C",
    "covariant-vector": "C",
    "normal": "C",
    "2-vector": "C",
    "3-vector": "C",
    "3-color": "C",
    "4-color": "C",
    "4-vector": "C",
}
_BYTES = {1: ("char", "int8"), 2: ("short", "16"), 8: ("long", "64", "double")}
_TYPES = {
    "i1": ("signed char", "int8"),
    "u1": ("uchar", "unsigned char", "uint8"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16"),
    "i4": ("int", "signed int", "int32"),
    "u4": ("uint", "unsigned int", "uint32"),
    "f4": ("float",),
    "f8": ("double",),
}
_FLIPS = {"right": 1.0, "left": -1.0, "anterior": 1.0, "posterior": -1.0, "superior": 1.0, "inferior": -1.0}
_SHORT = {"R": "right", "L": "left", "A": "anterior", "P": "posterior", "S": "superior", "I": "inferior"}


def read(path: Path, part: str = "") -> Volume:
    """Read an image of two to five axes; a large one that is not packed is mapped."""
    import nrrd  # only who opens such a file waits for it

    with path.open("rb") as file:
        header = nrrd.read_header(_text(line) for line in file)
        sizes = [int(n) for n in header["sizes"]]
        axes = _axes(header, len(sizes), path)
        there = _bytes_there(path, header)
        if there:
            refuse_nonsense(path, tuple(sizes), _itemsize(header), there)
        pixels = _mapped(path, header, tuple(sizes), file.tell())
        if pixels is None:
            pixels = native(read_data(header, file, path, math.prod(sizes) * _itemsize(header)))
    affine = _affine(header, axes)
    spacing, unit = _spacing(header, axes)
    volume = to_volume(pixels, axes, spacing, unit, name=path.stem, source=str(path))
    if affine is None:
        return volume
    if not orientation.is_usable(affine):
        note = orientation.why_unusable("place", path.name)
        return replace(volume, metadata={**volume.metadata, "notes": [note]})
    return replace(volume, metadata={**volume.metadata, **orientation.affine_metadata(affine)})


def _text(line: bytes) -> str:
    """A line of a header; pynrrd itself drops letters beyond ASCII, and micrometres become metres."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _mapped(path: Path, header: dict[str, Any], sizes: tuple[int, ...], begin: int) -> NDArray[Any] | None:
    """A map of the pixels, which begin at ``begin`` of a file with its header inside; None where they have to be read.

    `UserError` when the file ends before its pixels do.
    """
    told = header.get("data file", header.get("datafile"))
    place = path if told is None else path.parent / str(told)
    dtype = _dtype(header)
    skips = any(int(header.get(name, 0)) for name in ("line skip", "lineskip", "byte skip", "byteskip"))
    if str(header["encoding"]).lower() != "raw" or dtype is None or skips or not place.is_file():
        return None
    size = math.prod(sizes) * dtype.itemsize
    if size < MAP_FROM:
        return None
    offset = begin if told is None else 0
    if place.stat().st_size < offset + size:
        raise UserError(f"{place} is damaged: it has {place.stat().st_size} of {offset + size} bytes; get it again.")
    found: NDArray[Any] = np.memmap(place, dtype, "r", offset, sizes, order="F")
    return found


def _dtype(header: dict[str, Any]) -> np.dtype[Any] | None:
    """The type of the pixels; None for a rare one, or one in the other byte order."""
    name = str(header["type"]).lower().removesuffix("_t")
    code = next((code for code, names in _TYPES.items() if name in names), None)
    little = str(header.get("endian", sys.byteorder)).lower() == sys.byteorder
    return None if code is None or (np.dtype(code).itemsize > 1 and not little) else np.dtype(code)


def _axes(header: dict[str, Any], count: int, path: Path) -> str:
    """One letter for each axis, the fastest first: what a kind says, else X, Y and Z in turn, then T and C."""
    if not 2 <= count <= 5:
        axes = f"{count} axes" if count > 1 else "one axis"
        raise UserError(f"{path} has {axes}: an image has 2 to 5; choose another file.")
    kinds = [str(kind).lower() for kind in header.get("kinds", ["domain"] * count)]
    found = [_KINDS.get(kind, "") for kind in kinds]
    for axis, direction in enumerate(_directions(header, count)):
        if direction is None and not found[axis]:
            found[axis] = "T" if "T" not in found else "C"
    rest = iter([letter for letter in "XYZTC" if letter not in found])
    return "".join(letter or next(rest) for letter in found)


def _directions(header: dict[str, Any], count: int) -> list[np.ndarray | None]:
    """The step of each axis in space, None for an axis that is not in space; unknown ones are unit steps."""
    told = header.get("space directions")
    if told is None:
        return [np.zeros(3)] * count
    return [None if one is None or np.isnan(np.asarray(one, float)).any() else np.asarray(one, float) for one in told]


def _spacing(header: dict[str, Any], axes: str) -> tuple[tuple[float, float, float], str]:
    """Spacing (z, y, x) and unit; millimetres where a patient's space is named without a unit."""
    if "space directions" in header:
        steps = [0.0 if one is None else math.hypot(*one) for one in _directions(header, len(axes))]
        unit = header["space units"][0] if "space units" in header else "mm" if "space" in header else PIXEL
    else:
        steps = [float(step) for step in header.get("spacings", [1.0] * len(axes))]
        unit = header["units"][axes.index("X")] if "units" in header else PIXEL
    z, y, x = (steps[axes.index(letter)] if letter in axes else 1.0 for letter in "ZYX")
    if not are_steps((z, y, x)):
        return (1.0, 1.0, 1.0), PIXEL
    return (z, y, x), plain_unit(str(unit))


def _affine(header: dict[str, Any], axes: str) -> orientation.Affine | None:
    """From voxels (x, y, z) to millimetres, where the header names the patient's directions; it may be unusable."""
    words = str(header.get("space", "")).lower().split("-")
    if len(words) == 1 and len(words[0]) == 3:
        words = [_SHORT.get(letter.upper(), "") for letter in words[0]]
    if "space directions" not in header or len(words) < 3 or any(word not in _FLIPS for word in words[:3]):
        return None
    steps = _directions(header, len(axes))
    columns = [steps[axes.index(letter)] if letter in axes else np.zeros(3) for letter in "XYZ"]
    known = [np.full(3, np.nan) if one is None else one for one in columns]
    if any(one.shape != (3,) for one in known):
        return None
    flips = np.array([_FLIPS[word] for word in words[:3]])[:, None]
    origin = np.asarray(header.get("space origin", np.zeros(3)), float)
    factor = millimeters(_spacing(header, axes)[1])
    affine = orientation.affine_of(factor * flips * np.stack(known, axis=1), factor * flips[:, 0] * origin)
    return affine if "Z" in axes else orientation.of_one_slice(affine)


def _itemsize(header: dict[str, Any]) -> int:
    name = str(header["type"]).lower()
    if name == "block":
        return int(header["block size"])
    found = (size for size, words in _BYTES.items() if any(word in name for word in words))
    return next(found, 4)


def _bytes_there(path: Path, header: dict[str, Any]) -> int:
    """Of the file, or of the one beside a detached header; 0 for a list of files. `UserError` when it is missing."""
    told = header.get("data file", header.get("datafile"))
    if told is None:
        return path.stat().st_size
    if not isinstance(told, str) or told.startswith("LIST") or "%" in told:
        return 0
    place = path.parent / told
    if not place.is_file():
        raise UserError(f"{path} says that its pixels are in {told}, which is not there: put both together.")
    return place.stat().st_size
