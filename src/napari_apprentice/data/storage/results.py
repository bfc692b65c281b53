"""Folders of results, and the machine that the numbers in them depend on."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from napari_apprentice.errors import UserError


def folder(out: Path) -> Path:
    """The folder, made if missing; `UserError` when it cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out} cannot be made ({error.strerror}): choose another --out folder.") from error
    return out


def machine() -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "packages": {name: _version(name) for name in ("napari-apprentice", "napari", "torch", "numpy")},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed" if name not in sys.modules else "in this checkout"
