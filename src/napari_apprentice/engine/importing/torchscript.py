"""A TorchScript of a stranger becomes ONNX, once, where it is trusted: it is a program, and runs as one."""

from __future__ import annotations

import io
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from napari_apprentice.engine.importing.not_told import trust_of
from napari_apprentice.engine.tracing import EXTRA, traced
from napari_apprentice.errors import UserError


def to_onnx(content: bytes, name: str, image: np.ndarray, *, trusts: bool) -> bytes:
    """The network as ONNX, for images of any size; `UserError` where that is not allowed or not possible."""
    if not trusts:
        raise trust_of(name)
    try:
        net = torch.jit.load(io.BytesIO(content), map_location="cpu").eval()
        return exported(net, torch.from_numpy(image))
    except Exception as error:  # as many kinds as there are reasons
        if find_spec("onnx") is None:
            raise UserError(f"To make ONNX of {name} the package onnx is missing: {EXTRA}.") from error
        why = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise UserError(
            f"No ONNX can be made of the TorchScript of {name} ({why}): ask its authors for ONNX."
        ) from error


def exported(net: Any, image: torch.Tensor) -> bytes:
    """Any network as ONNX, of which all sizes but channels are dynamic in a batch of one."""
    return traced(net, image, {axis: f"size{axis}" for axis in range(2, image.ndim)} if image.ndim > 3 else {})
