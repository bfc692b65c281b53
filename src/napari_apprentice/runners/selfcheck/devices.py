"""Each device in a process of its own: one that crashes, stands still or computes something else is not used."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice.data.storage import npy
from napari_apprentice.data.storage.refused_devices import refuse
from napari_apprentice.errors import UserError
from napari_apprentice.processes import answered

_MODULE = "napari_apprentice.engine.selfcheck"
_PATIENCE_S = 180.0  # starting CUDA for the first time may take a minute
_ALIKE = {"exact": 0.01, "quick": 0.03}  # mean difference from the processor, of the spread of what it says
_GIGABYTE = 1e9


@dataclass(frozen=True)
class DeviceCheck:
    """What came of one device.

    Attributes
    ----------
    name, words
        As in the settings, and for people.
    ms_per_megapixel, free_bytes
        Time of the network of ``nuclei-2d`` and free memory; 0 where it broke off.
    difference
        Mean difference from what the processor says, of its spread; 0 for the processor itself.
    why_not
        Why it is not used, in one sentence; "" when it computes rightly.
    had_memory
        Without it nothing was found out about the device, and it stays as it was.
    """

    name: str
    words: str
    ms_per_megapixel: float = 0.0
    free_bytes: int = 0
    difference: float = 0.0
    why_not: str = ""
    had_memory: bool = True

    @property
    def line(self) -> str:
        """Such as "CPU, 2 threads: 310 ms a megapixel, 20.1 GB free"."""
        if self.why_not:
            return self.why_not
        same = "" if self.name == "cpu" else f", as the processor to {self.difference:.1e}"
        return (
            f"{self.words}: {self.ms_per_megapixel:.0f} ms a megapixel, {self.free_bytes / _GIGABYTE:.1f} GB free{same}"
        )


def check_devices(module: str = _MODULE, patience_s: float = _PATIENCE_S) -> Iterator[DeviceCheck]:
    """Check the processor, then every other device against it; what is found out is kept for all processes of ours.

    ``module`` answers as `engine.selfcheck` does. `UserError` when not even the processor computes.
    """
    listed: list[dict[str, str]] | None = None
    with suppress(TimeoutError):
        listed = _asked([module], patience_s)
    here = {one["name"]: one for one in listed or ()}
    if "cpu" not in here:
        raise UserError("The network does not start here: run `apprentice --verbose check` and report what it says.")
    try:
        folder = tempfile.TemporaryDirectory()
    except OSError as error:
        raise UserError(f"There is no folder for temporary files ({error.strerror}): make room on the disk.") from error
    with folder:
        place = Path(folder.name)
        cpu = _looked(module, here.pop("cpu"), place, patience_s)
        if cpu.why_not:
            raise UserError(f"{cpu.why_not} Install torch anew.")
        yield cpu
        for one in here.values():
            found = _compared(_looked(module, one, place, patience_s), place)
            if found.had_memory:
                with suppress(OSError):  # nothing can be kept: it is found out again
                    refuse(one["key"], found.why_not)
            yield found


def _looked(module: str, device: dict[str, str], place: Path, patience_s: float) -> DeviceCheck:
    """What a device says, in a folder of its name; ``difference`` is not known yet."""
    name, words = device["name"], device["words"]
    (place / name).mkdir()
    try:
        numbers: dict[str, Any] | None = _asked([module, name, str(place / name)], patience_s)
    except TimeoutError:
        return DeviceCheck(name, words, why_not=f"{words} does not answer, so it is not used.")
    if numbers and numbers.get("no_memory"):
        why_not = f"{words} has no memory left: close what uses it and check again."
        return DeviceCheck(name, words, why_not=why_not, had_memory=False)
    if not numbers:
        return DeviceCheck(name, words, why_not=f"{words} breaks off when the network runs on it, so it is not used.")
    return DeviceCheck(name, words, numbers["ms_per_megapixel"], numbers["free_bytes"])


def _compared(found: DeviceCheck, place: Path) -> DeviceCheck:
    if found.why_not:
        return found
    right = npy.load(place / "cpu" / "exact.npy")
    differences = {
        name: float(np.abs(npy.load(place / found.name / f"{name}.npy") - right).mean() / right.std())
        for name in _ALIKE
    }
    is_right = all(differences[name] <= limit for name, limit in _ALIKE.items())  # NaN is not
    why_not = "" if is_right else f"{found.words} computes something else than the processor, so it is not used."
    return replace(found, difference=differences["exact"], why_not=why_not)


def _asked(arguments: Sequence[str], patience_s: float) -> Any:
    """What a module says in its last line of JSON; None when it broke off. `TimeoutError` when it does not end."""
    try:
        code, said = answered(arguments, patience_s)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    with suppress(ValueError):
        return None if code else json.loads((said.strip().splitlines() or [""])[-1])
    return None
