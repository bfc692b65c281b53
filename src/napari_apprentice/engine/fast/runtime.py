"""OpenVINO, where it is installed: imported late, and without the report of its use that it would send home."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch

_BYTE_PRODUCTS = ("avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8")


@cache
def is_installed() -> bool:
    """Whether the extra ``fast`` is here; imports nothing."""
    return find_spec("openvino") is not None


@cache
def openvino() -> Any:
    """The module. Imported, it reports to an analytics service, unless the part that does so is missing."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # Python's "must not be imported"
    return import_module("openvino")


@cache
def core() -> Any:
    """OpenVINO's way to processors."""
    return openvino().Core()


def multiplies_bytes() -> bool:
    """Whether this processor has instructions for sums of products of 8-bit numbers; else little is won by them."""
    known = getattr(torch.cpu, "get_capabilities", None)  # torch 2.9
    found = known() if known is not None else {"avx512_vnni": torch.cpu._is_vnni_supported()}
    return any(found.get(name) for name in _BYTE_PRODUCTS)
