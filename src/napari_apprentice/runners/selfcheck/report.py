"""What a bug report needs to know of a computer, in lines that can be read and copied."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, requires, version

import psutil

from napari_apprentice.errors import UserError
from napari_apprentice.runners.selfcheck.devices import DeviceCheck, check_devices

_NAME = "napari-apprentice"
_WINDOWS = ("PyQt6", "PySide6", "PyQt5", "PySide2", "vispy")  # of which napari takes what is there
_GIGABYTE = 1e9


@dataclass(frozen=True)
class Report:
    """What is installed (``versions``), what was found of each device, and ``trouble`` when none could be checked.

    ``drawing`` is what draws the window; "" where there is none.
    """

    computer: str
    versions: dict[str, str]
    devices: tuple[DeviceCheck, ...] = ()
    trouble: str = ""
    drawing: str = ""

    @property
    def is_well(self) -> bool:
        """Whether every device that is here can be used."""
        return not self.trouble and not any(one.why_not for one in self.devices)

    @property
    def lines(self) -> list[str]:
        """For people, and to paste."""
        drawn = [f"OpenGL: {self.drawing}"] if self.drawing else []
        found = [self.trouble] if self.trouble else [one.line for one in self.devices]
        return [self.computer, *drawn, *found, *(f"{name} {what}" for name, what in self.versions.items())]


def check_computer(
    on_device: Callable[[DeviceCheck], None] = lambda found: None,
    checks: Callable[[], Iterator[DeviceCheck]] = check_devices,
) -> Report:
    """Look at what is installed and check every device; ``on_device`` hears of each when it is done."""
    found: list[DeviceCheck] = []
    trouble = ""
    try:
        for one in checks():
            found.append(one)
            on_device(one)
    except UserError as error:
        trouble = str(error)
    return Report(_computer(), _versions(), tuple(found), trouble)


def packages() -> list[str]:
    """Every package that is installed, with its version."""
    return sorted({f"{one.name} {one.version}" for one in distributions()}, key=str.lower)


def _computer() -> str:
    memory = psutil.virtual_memory()
    return (
        f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"{memory.total / _GIGABYTE:.1f} GB of memory, {memory.available / _GIGABYTE:.1f} GB free"
    )


def _versions() -> dict[str, str]:
    """Python, this package, and what it cannot do without."""
    try:
        asked = [
            match.group()
            for one in requires(_NAME) or ()
            if "extra ==" not in one and (match := re.match(r"[\w.-]+", one))
        ]
    except PackageNotFoundError:
        asked = []
    names = dict.fromkeys((_NAME, *asked, *_WINDOWS))
    found = {name: known for name in names if (known := _version(name))}
    return {"Python": platform.python_version(), **found}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
