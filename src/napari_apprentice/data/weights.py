"""The weights in a model file, looked at without torch: whether all of them are numbers to compute with."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.models import read_header
from napari_apprentice.errors import UserError

_PREFIX = 8  # bytes that say how long the header is
_BLOCK = 1 << 22  # numbers that are looked at at once
# as whole numbers: type, and the bits of the exponent, which are all set where a number is NaN or infinite
_KINDS = {"F64": ("<u8", 0x7FF0 << 48), "F32": ("<u4", 0x7F80 << 16), "F16": ("<u2", 0x7C00), "BF16": ("<u2", 0x7F80)}


def check_weights(path: str | Path) -> None:
    """`UserError` when a weight is NaN or infinite, or the file is none that `models.read_header` reads.

    Such a model finds nothing in any image, and what it is taught is lost.
    """
    read_header(path)
    try:
        are_finite = _are_finite(Path(path))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"The weights in {path} cannot be read: copy the model again.") from error
    if not are_finite:
        raise UserError(
            f"The model {path} has weights that are no numbers (NaN or infinite): "
            "choose another model, or an earlier version of it."
        )


def weights_sha256(path: str | Path) -> str:
    """The SHA-256 of the tensors in a model file, whatever its header says; `UserError` when it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            file.seek(_PREFIX + int.from_bytes(file.read(_PREFIX), "little"))
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError, OverflowError) as error:
        raise UserError(f"The weights in {path} cannot be read: copy the model again.") from error


def _are_finite(path: Path) -> bool:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_PREFIX), "little")
        tensors = json.loads(file.read(length))
        is_empty = not file.read(1)
    if is_empty:
        return True
    data = np.memmap(path, np.uint8, mode="r", offset=_PREFIX + length)
    return all(_is_finite(data, told) for name, told in tensors.items() if name != "__metadata__")


def _is_finite(data: NDArray[np.uint8], told: dict[str, Any]) -> bool:
    """Whether a tensor that the header tells of is; safetensors has looked at where it lies and how long it is."""
    if told["dtype"] not in _KINDS:
        return True
    kind, exponent = _KINDS[told["dtype"]]
    start, _ = told["data_offsets"]
    bytes_ = math.prod(told["shape"]) * np.dtype(kind).itemsize
    bits = np.frombuffer(data[start : start + bytes_], kind)
    mask = bits.dtype.type(exponent)
    return all(bool(((bits[i : i + _BLOCK] & mask) != mask).all()) for i in range(0, len(bits), _BLOCK))
