"""The weights in a model file, looked at without torch: whether all of them are numbers to compute with."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

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
    path = Path(path)
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_PREFIX), "little")
        tensors = json.loads(file.read(length))
    data = (
        np.memmap(path, np.uint8, mode="r", offset=_PREFIX + length) if path.stat().st_size > _PREFIX + length else []
    )
    for name, told in tensors.items():
        if name != "__metadata__" and told["dtype"] in _KINDS and not _is_finite(data, told):
            raise UserError(
                f"The model {path} has weights that are no numbers (NaN or infinite): "
                "choose another model, or an earlier version of it."
            )


def _is_finite(data: Any, told: dict[str, Any]) -> bool:
    """Whether a tensor that the header tells of is; safetensors has looked at where it lies and how long it is."""
    kind, exponent = _KINDS[told["dtype"]]
    start, _ = told["data_offsets"]
    bytes_ = math.prod(told["shape"]) * np.dtype(kind).itemsize
    bits = np.frombuffer(data[start : start + bytes_], kind)
    mask = bits.dtype.type(exponent)
    return all(bool(((bits[i : i + _BLOCK] & mask) != mask).all()) for i in range(0, len(bits), _BLOCK))
