"""Devices that were checked and do not compute rightly here: kept beside projects, so that no process uses them.

A device is known by what it is called and the version of what computes, so that another driver or torch is another one.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from napari_apprentice.data.storage.atomic_write import write_text
from napari_apprentice.data.storage.home import home


def why_refused(device: str) -> str:
    """One sentence, or "" for a device that nothing is known against."""
    return _read().get(device, "")


def refuse(device: str, why_not: str) -> None:
    """Note why a device is not to be used, or with "" that it may be. `OSError` when it cannot be noted."""
    known = _read()
    if known.pop(device, "") == why_not:
        return
    if why_not:
        known[device] = why_not
    elif not known:
        _file().unlink(missing_ok=True)
        return
    write_text(_file(), json.dumps(known, indent=1))


def _file() -> Path:
    return home() / "refused_devices.json"


def _read() -> dict[str, str]:
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads(_file().read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {name: why for name, why in found.items() if isinstance(why, str)}
    return {}
