"""NumPy's files (``.npy``, ``.npz``), read without trusting them: only plain numbers, and no more than the file holds.

NumPy builds whatever type a header describes before anything can look at it, and evaluates the header as Python. Here
the header is matched, the type compared with a short list, and the size with that of the file.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

OBJECTS = "|O"  # what a header says when a pickle follows
_MAGIC = b"\x93NUMPY"
_LARGEST_HEADER = 10_000  # bytes, as NumPy's own limit
_MOST_AXES = 32
_LARGEST_AXIS = 1 << 62
_DEFLATED = 1032  # times smaller at best
_PLAIN = re.compile(r"[<>=|]?(?:b1|[iu][1248]|f[248]|c(?:8|16))")
_ENTRY = re.compile(
    r"""\s*(?P<quote>['"])(?P<key>descr|fortran_order|shape)(?P=quote)\s*:\s*"""
    r"""(?P<value>'[^'"\\]*'|"[^'"\\]*"|True|False|\([\dL,\s]*\)|\[.*\])\s*(?:,\s*|$)""",
    re.DOTALL,
)


class NotNumbers(ValueError):
    """The array is of another type than plain numbers: objects, dates, texts, tables."""


@dataclass(frozen=True)
class Header:
    """What a file says that it holds; ``type_name`` is not to be trusted before `dtype` has looked at it."""

    type_name: str
    shape: tuple[int, ...]
    order: Literal["C", "F"]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers; `NotNumbers` when they are none."""
        return plain_dtype(self.type_name)

    @property
    def size(self) -> int:
        """Bytes of all numbers."""
        return math.prod(self.shape) * self.dtype.itemsize


def plain_dtype(name: str) -> np.dtype[Any]:
    """The type of that name ("<u2"): truth, whole numbers, floats, complex numbers; else `NotNumbers`."""
    if not _PLAIN.fullmatch(name):
        raise NotNumbers(f"it holds {shown(name[:40])}, not plain numbers")
    return np.dtype(name)


def shown(text: str) -> str:
    """A text that came out of a file, for a sentence: without line breaks and what else a terminal obeys."""
    return "".join(one if one.isprintable() else "?" for one in text)


def is_shape(axes: tuple[Any, ...]) -> bool:
    """Whether an array can have this shape."""
    return len(axes) <= _MOST_AXES and all(type(axis) is int and 0 <= axis <= _LARGEST_AXIS for axis in axes)


def header_of(file: BinaryIO) -> Header:
    """The header; the numbers follow in the file. `ValueError` when it is none."""
    start = file.read(8)
    if len(start) < 8 or start[:6] != _MAGIC or start[6] not in (1, 2, 3):
        raise ValueError("it does not begin as NumPy's files do")
    digits = 2 if start[6] == 1 else 4
    length = int.from_bytes(file.read(digits), "little")
    if length > _LARGEST_HEADER:
        raise ValueError(f"its header of {length} bytes is too long")
    text = file.read(length)
    if len(text) < length:
        raise ValueError("its header is cut short")
    return _parsed(text.decode("latin1"))


def load(path: str | Path) -> NDArray[Any]:
    """The array in a file, in memory.

    Raises
    ------
    NotNumbers
        When it holds anything but plain numbers.
    ValueError
        When it is no such file, or damaged.
    """
    with open(path, "rb") as file:
        return read(file, _left(file))


def open_mapped(path: str | Path, mode: Literal["r", "r+"] = "r") -> np.memmap:
    """The array in a file, read (or written) as it is needed; raises what `load` raises."""
    with open(path, "rb") as file:
        header = header_of(file)
        _refuse_more_than(_left(file), header)
        return np.memmap(path, header.dtype, mode, file.tell(), header.shape, header.order)


def archive(path: str | Path, *names: str) -> list[NDArray[Any]]:
    """Arrays of an ``.npz`` by their names; `KeyError` when one is missing, else as `load`."""
    with open(path, "rb") as file, zipfile.ZipFile(file) as members:
        there = file.seek(0, io.SEEK_END)
        return [_member(members, f"{name}.npy", there) for name in names]


def _member(members: zipfile.ZipFile, name: str, there: int) -> NDArray[Any]:
    told = members.getinfo(name)
    packed = min(told.compress_size, there)
    if told.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or told.file_size > _DEFLATED * packed:
        raise ValueError(f"{name} claims {told.file_size} bytes, more than the file can hold")
    with members.open(told) as file:
        return read(file, told.file_size)


def read(file: Any, there: int) -> NDArray[Any]:
    """The array in an open file, of which ``there`` bytes are left; raises what `load` raises."""
    header = header_of(file)
    _refuse_more_than(there, header)
    flat = np.empty(math.prod(header.shape), header.dtype)
    room, filled = flat.view(np.uint8).data, 0
    while filled < len(room):
        got = file.readinto(room[filled:])
        if not got:
            raise ValueError("it is cut short")
        filled += got
    return flat.reshape(header.shape, order=header.order)


def _refuse_more_than(there: int, header: Header) -> None:
    if header.size > there:
        raise ValueError(f"it claims {header.size} bytes, {there} are there")


def _left(file: BinaryIO) -> int:
    """Bytes from here to the end."""
    here = file.tell()
    end = file.seek(0, io.SEEK_END)
    file.seek(here)
    return end - here


def _parsed(text: str) -> Header:
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError("its header cannot be read")
    text, at, told = text[1:-1].strip(), 0, {}
    while at < len(text):
        entry = _ENTRY.match(text, at)
        if entry is None:
            raise ValueError("its header cannot be read")
        told[entry["key"]], at = entry["value"], entry.end()
    order, shape, type_name = (told.get(key, "") for key in ("fortran_order", "shape", "descr"))
    if order not in ("True", "False") or not shape.startswith("(") or type_name[:1] not in ("'", '"', "["):
        raise ValueError("its header cannot be read")
    axes = tuple(int(axis.strip().removesuffix("L")) for axis in shape[1:-1].split(",") if axis.strip())
    if not is_shape(axes):
        raise ValueError("its header describes no array")
    return Header(type_name.strip("'\""), axes, "F" if order == "True" else "C")
