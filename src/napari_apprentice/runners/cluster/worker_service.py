"""Where jobs sent from a window are done on a worker: files that came with them, and an engine process as at home."""

from __future__ import annotations

import itertools
import threading
import time
import zlib
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from napari_apprentice import events, jobs
from napari_apprentice.data.storage import disk, scratch
from napari_apprentice.data.storage.temporary import TemporaryFolder
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import ArrayRef
from napari_apprentice.runners.process import ProcessRunners
from napari_apprentice.runners.running import RunningJob

_RECENT = 4  # jobs: another may be sent while one is
_NO_FILE = "/\\"
_LEASE_S = 600.0  # a window that has not asked for so long is gone; a laptop may sleep for a while


class WorkerService:
    """Takes files and jobs in, reports events, gives results out; everything goes with the worker.

    A job that nobody has asked about for ``lease_s`` seconds is ended: its window crashed, or lost its way here.
    """

    def __init__(self, lease_s: float = _LEASE_S) -> None:
        self._lease_s = lease_s
        self._asked: dict[int, float] = {}
        self._closed = threading.Event()
        self._folder = TemporaryFolder()
        self._runners = ProcessRunners()
        self._recent: deque[list[str]] = deque(maxlen=_RECENT)
        self._numbers = itertools.count(1)
        self._running: dict[int, tuple[RunningJob, Path]] = {}
        threading.Thread(target=self._watch, name="leases", daemon=True).start()

    def missing(self, names: list[str]) -> list[str]:
        """Which of these files have to be sent. Those that no recent job needed are thrown away."""
        self._recent.append(names)
        if not self._running:
            for path in self._here().iterdir():
                if not any(path.name.removesuffix(".part") in needed for needed in self._recent):
                    path.unlink()
        return [name for name in names if not self._path(name).exists()]

    def put(self, name: str, start: int, piece: bytes, whole: int) -> None:
        """A piece of a file, which is there when all ``whole`` bytes are; `UserError` when the disk is full."""
        path = self._path(name)
        part = path.with_name(f"{name}.part")
        try:
            with part.open("r+b" if start else "wb") as file:
                file.seek(start)
                file.write(piece)
            if start + len(piece) >= whole:
                part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise UserError(f"A worker cannot keep the image. {disk.refusal(error, path, whole)}") from error

    def start(self, job: dict[str, Any]) -> int:
        """Begin a job; returns its number."""
        wanted = jobs.from_plain(job)
        if not wanted.travels:
            raise TypeError(f"{wanted.type} is done at home")
        number = next(self._numbers)
        out = self._here() / f"out-{number}{Path(wanted.writes).suffix}"
        here = wanted.with_paths(lambda name: str(self._path(name)), str(out))
        self._asked[number] = time.monotonic()
        self._running[number] = self._runners.start(here), out
        return number

    def poll(self, number: int) -> list[dict[str, Any]]:
        """What the job reported since."""
        return [events.to_plain(event) for event in self._known(number)[0].poll()]

    def cancel(self, number: int) -> None:
        """Ask the job to stop."""
        self._known(number)[0].cancel()

    def region(self, number: int, region: events.Region) -> bytes:
        """Provisional labels of a region (uint32), compressed."""
        labels = scratch.read(ArrayRef(path=str(self._known(number)[1])))
        part = labels[tuple(slice(start, stop) for start, stop in region)]
        return zlib.compress(np.ascontiguousarray(part).tobytes(), 1)

    def result(self, number: int, start: int, size: int) -> tuple[bytes, bool]:
        """A piece of what the job wrote, compressed, and whether more follows."""
        path = self._known(number)[1]
        with path.open("rb") as file:
            file.seek(start)
            piece = file.read(size)
        return zlib.compress(piece, 1), start + len(piece) < path.stat().st_size

    def forget(self, number: int) -> None:
        """The job is over."""
        self._asked.pop(number, None)
        running = self._running.pop(number, None)
        if running is not None:
            running[1].unlink(missing_ok=True)

    def devices(self) -> list[dict[str, Any]] | None:
        """Devices here, once the engine process has looked."""
        found = self._runners.devices()
        return None if found is None else [device.model_dump() for device in found]

    def close(self) -> None:
        """End the engine and remove the files."""
        self._closed.set()
        self._runners.close()
        self._folder.close()

    def _known(self, number: int) -> tuple[RunningJob, Path]:
        found = self._running[number]
        self._asked[number] = time.monotonic()
        return found

    def _watch(self) -> None:
        while not self._closed.wait(self._lease_s / 4):
            late = time.monotonic() - self._lease_s
            for number in [number for number, asked in list(self._asked.items()) if asked < late]:
                running = self._running.get(number)
                if running is not None:
                    running[0].cancel()
                self.forget(number)

    def _here(self) -> Path:
        return self._folder.path

    def _path(self, name: str) -> Path:
        if any(letter in name for letter in _NO_FILE):
            raise ValueError(f"{name} is no name of a file")
        return self._here() / name
