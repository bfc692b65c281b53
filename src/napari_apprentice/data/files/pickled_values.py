"""What a pickle says about its values: notes of names and arrays, taken at their word only by `Array.numbers`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.storage import npy

_ORDERS = ("<", ">", "=", "|")


class Refused(ValueError):
    """The pickle holds more than plain values, or is damaged."""


@dataclass(frozen=True)
class Name:
    """A function or class that a pickle names."""

    module: str
    name: str

    @property
    def words(self) -> str:
        """What it is called, as far as a sentence has room for it."""
        return npy.shown(f"{self.module[:80]}.{self.name[:80]}")

    @property
    def package(self) -> str:
        """The package it is from."""
        return self.module.partition(".")[0]


@dataclass(frozen=True)
class Encoded:
    """Bytes that a pickle of an old protocol writes as a text: encoded once they are asked for."""

    text: str


class DType:
    """What a pickle says about a type of NumPy."""

    def __init__(self, text: Any) -> None:
        self.text = str(text) if isinstance(text, str) else ""
        self.order = "|"

    def build(self, state: Any) -> None:
        """Take the byte order in; types with fields, subarrays or metadata are refused."""
        known = isinstance(state, tuple) and len(state) in (8, 9) and state[1] in _ORDERS
        if not known or any(more is not None for more in (*state[2:5], *state[8:])):
            raise Refused("it holds an array of a type that is no number")
        self.order = state[1]


class Array:
    """What a pickle says about an array."""

    def __init__(self) -> None:
        self._told: tuple[tuple[int, ...], DType, bool, Any] | None = None

    def build(self, state: Any) -> None:
        """Take in shape, type, order and contents."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise Refused("it holds a damaged array")
        _version, shape, dtype, fortran, contents = state
        if not isinstance(shape, tuple) or not npy.is_shape(shape) or not isinstance(dtype, DType):
            raise Refused("it holds a damaged array")
        self._told = shape, dtype, bool(fortran), contents

    def numbers(self) -> NDArray[Any]:
        """The array; `ValueError` when it holds anything but plain numbers, or not as many as it says."""
        shape, dtype, fortran, contents = self._known()
        numbers = npy.plain_dtype(dtype.order + dtype.text)
        header = npy.Header(numbers.str, shape, "F" if fortran else "C")
        if isinstance(contents, Encoded):
            contents = contents.text.encode("latin1")
        if not isinstance(contents, bytes) or len(contents) != header.size:
            raise Refused("it holds a damaged array")
        return np.frombuffer(contents, numbers).reshape(shape, order=header.order).copy()

    def item(self) -> Any:
        """The only element of an array of objects."""
        _shape, _dtype, _fortran, contents = self._known()
        if not isinstance(contents, list) or len(contents) != 1:
            raise Refused("it holds no dictionary")
        return contents[0]

    def _known(self) -> tuple[tuple[int, ...], DType, bool, Any]:
        if self._told is None:
            raise Refused("it holds a damaged array")
        return self._told


def _encoded(text: Any, _encoding: str = "latin1") -> Encoded:
    if not isinstance(text, str):
        raise Refused("it is damaged")
    return Encoded(text)


MADE: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "_reconstruct"): lambda *_told: Array(),
    ("numpy", "dtype"): lambda text, *_told: DType(text),
    ("numpy", "scalar"): lambda *_told: None,
    ("_codecs", "encode"): _encoded,
    ("pathlib", "PosixPath"): lambda *_parts: None,
    ("pathlib", "WindowsPath"): lambda *_parts: None,
}
"""What stands for the few functions that such files call."""
