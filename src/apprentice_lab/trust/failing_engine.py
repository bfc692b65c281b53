"""An engine that runs out of memory, or speaks nonsense, where a file says so (``APPRENTICE_TRUST``): for trials.

The file is read when a job begins, and says what is to go wrong at which call into NumPy, SciPy or PyTorch that may
allocate memory. How many there were, and when it went wrong, is written beside it.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import resource
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import msgpack
import numpy as np
import torch

from napari_apprentice.engine import plans
from napari_apprentice.engine.background import BackgroundThreads
from napari_apprentice.events import Event, is_last
from napari_apprentice.jobs import Job

PLAN = "APPRENTICE_TRUST"
_ALLOCATING = ("numpy", "scipy", "skimage", "torch")
_ARRAYS = (np.ndarray, torch.Tensor)
_TORCH_WORDS = (
    "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 byte"
)


class Engine(plans.Engine):
    """The product's engine, of which one call fails."""

    def run(self, job: Job, cancelled: Callable[[], bool]) -> Iterator[Event]:
        """Events of a job; while it runs, calls are counted."""
        file = Path(os.environ[PLAN])
        self.warm.background = BackgroundThreads()  # new ones are heard
        _counter.begin(json.loads(file.read_text(encoding="utf-8")), file.with_suffix(".told"))
        for event in super().run(job, cancelled):
            if is_last(event):
                _counter.end()
            yield event


class _Counter:
    """Counts calls of this process into libraries that allocate memory; the n-th fails."""

    def __init__(self) -> None:
        self._how, self._at, self._spare, self._told = "", 0, 0, Path()
        self._count = 0
        self._is_on = False
        self._lock = threading.Lock()

    def begin(self, plan: dict[str, Any], told: Path) -> None:
        self._how, self._at, self._spare, self._told = plan["how"], plan["at"], plan["spare"], told
        self._count = 0
        self._is_on = True
        sys.setprofile(self.hear)  # Python lets go of it when it raised

    def end(self) -> None:
        self._is_on = False
        if self._how == "count":
            self._tell()
        if self._how == "limit":
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def hear(self, frame: FrameType, event: str, called: Any) -> None:
        """What Python calls for each call of a function that is not Python's own."""
        if not self._is_on or event != "c_call":
            return
        owner = getattr(called, "__self__", None)
        module = (getattr(called, "__module__", None) or "").split(".")[0]
        if not isinstance(owner, _ARRAYS) and module not in _ALLOCATING:
            return
        with self._lock:
            self._count += 1
            is_due = self._count == self._at
        if is_due and self._how != "count":
            self._tell()
            self._fail(isinstance(owner, torch.Tensor) or module == "torch")

    def _tell(self) -> None:
        self._told.write_text(json.dumps({"count": self._count, "at": time.time()}), encoding="utf-8")

    def _fail(self, is_torch: bool) -> None:
        if self._how == "raise":
            if is_torch:
                raise RuntimeError(_TORCH_WORDS)
            raise MemoryError("Unable to allocate 1.00 B for an array")
        if self._how == "limit":
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            most = pages * resource.getpagesize() + self._spare
            resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))
        else:
            _speak(self._how)


def _speak(how: str) -> None:
    """Say something on the pipe that is for answers, in the midst of a job, or nothing ever again."""
    for descriptor in _answering():
        if how == "mute":
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, descriptor)
        elif how == "deaf and mute":
            os.close(descriptor)
        else:
            os.write(descriptor, _NONSENSE[how])


def _answering() -> list[int]:
    """Pipes that this process writes to, but for its standard streams."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            is_pipe = os.readlink(f"/proc/self/fd/{name}").startswith("pipe:")
            writes = fcntl.fcntl(int(name), fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY
        except OSError:
            continue
        if is_pipe and writes and int(name) > 2:
            found.append(int(name))
    return found


def _framed(content: bytes) -> bytes:
    return struct.pack("<I", len(content)) + content


_NONSENSE = {
    "noise": random.Random(0).randbytes(5000),
    "a frame that never ends": struct.pack("<I", 1 << 27) + b"...",
    "no message": _framed(b"\xc1" * 10),
    "a list": _framed(msgpack.packb([1, 2, 3])),
    "a number": _framed(msgpack.packb(7)),
    "an empty message": _framed(msgpack.packb({})),
    "a message of another kind": _framed(msgpack.packb({"type": "weather", "number": 1})),
    "an event that is none": _framed(msgpack.packb({"type": "event", "number": 1, "event": {"type": "party"}})),
    "an event without anything": _framed(msgpack.packb({"type": "event", "number": 1})),
    "nothing in a frame": _framed(b""),
}


_counter = _Counter()
threading.setprofile(_counter.hear)
sys.setprofile(_counter.hear)
