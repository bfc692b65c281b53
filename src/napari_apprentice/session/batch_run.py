"""A batch in a process of its own: the product's command line, told by a command and heard line by line."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from napari_apprentice.processes import start_child
from napari_apprentice.session.batch import REPORT, BatchEvent, Stopped, from_line
from napari_apprentice.session.catalog import ModelChoice
from napari_apprentice.session.commands import options_of, usable
from napari_apprentice.settings import ReadAs, SegmentSettings

_POLITE_S = 5.0
_LINES_KEPT = 40


@dataclass(frozen=True)
class BatchOrder:
    """What is to be segmented, how, and where labels go; ``formats`` are suffixes without the dot."""

    inputs: tuple[str, ...]
    out: Path
    model: ModelChoice
    formats: tuple[str, ...] = ("tif",)
    skip_done: bool = True
    read_as: ReadAs = field(default_factory=ReadAs)
    settings: SegmentSettings = field(default_factory=SegmentSettings)

    @property
    def report(self) -> Path:
        """Where the table of what became of each file is written."""
        return self.out / REPORT

    def why_not(self) -> str:
        """One sentence on what is missing; "" when it can begin."""
        if self.model.is_fresh:
            return "A fresh network knows nothing yet: teach it first, or choose another model in the panel."
        if not self.inputs:
            return "There is nothing to segment yet: add files, a folder or a pattern."
        if not self.formats:
            return "Choose at least one format for the labels."
        if not str(self.out).strip() or self.out == Path():
            return "Choose a folder for the labels."
        return ""

    @property
    def arguments(self) -> list[str]:
        """What follows ``apprentice`` on a command line that does the same."""
        words = ["segment", *self.inputs, "--model", str(usable(self.model)), "--out", str(self.out)]
        words += ["--format", *self.formats]
        for channel in self.read_as.channels:
            words += ["--channel", str(channel)]
        if self.read_as.axes:
            words += ["--axes", self.read_as.axes]
        if self.read_as.spacing is not None:
            words += ["--spacing", *(f"{step:g}" for step in self.read_as.spacing), "--unit", self.read_as.unit]
        return [*words, *["--skip-done"][: self.skip_done], "--report", str(self.report), *options_of(self.settings)]


class BatchRun:
    """A batch under way; `poll` never waits. The process ends with this one, at low priority and one core left."""

    def __init__(self, order: BatchOrder) -> None:
        self.order = order
        self.ended = False
        self.is_cancelled = False
        self._events: queue.SimpleQueue[BatchEvent | None] = queue.SimpleQueue()
        self._last_words: deque[str] = deque(maxlen=_LINES_KEPT)
        self._end_at: float | None = None
        self._stopped = False
        self._process = start_child(["napari_apprentice.cli", *order.arguments, "--events"], one_core_left=True)
        self._errors = self._listens(self._keep_words)
        self._listens(self._read)

    def poll(self) -> list[BatchEvent]:
        """What was told since the last call; `Stopped` when the batch could not go on."""
        events: list[BatchEvent] = []
        while not self.ended and not self._events.empty():
            event = self._events.get()
            if event is None:
                self.ended = True
                why = self._why_it_broke_off()
                events += [Stopped(problem=why)] if why else []
            else:
                self._stopped = self._stopped or isinstance(event, Stopped)
                events.append(event)
        if self._end_at is not None and not self.ended and time.monotonic() > self._end_at:
            self._process.kill()
        return events

    def cancel(self) -> None:
        """Ask it to stop; labels that are written stay."""
        if not self.is_cancelled and not self.ended:
            self.is_cancelled = True
            self._end_at = time.monotonic() + _POLITE_S
            with suppress(OSError):
                cast(IO[bytes], self._process.stdin).close()

    def close(self) -> None:
        """End it now."""
        self.cancel()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # stuck in the kernel; it goes when that lets go
            self._process.wait(1.0)

    def _why_it_broke_off(self) -> str:
        code = self._process.wait()
        if self.is_cancelled or self._stopped or code == 0:
            return ""
        words = next((line for line in reversed(self._last_words) if line.strip()), "")
        return f"The batch broke off (exit code {code}; {words}): try again, what is done can be left out."

    def _listens(self, listen: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=listen, name="batch", daemon=True)
        thread.start()
        return thread

    def _read(self) -> None:
        stream = cast(IO[bytes], self._process.stdout)
        for line in stream:
            with suppress(ValueError):  # a library that prints
                self._events.put(from_line(line))
        stream.close()
        self._errors.join(1.0)  # its last words may still be on their way
        self._events.put(None)

    def _keep_words(self) -> None:
        stream = cast(IO[bytes], self._process.stderr)
        for line in stream:
            self._last_words.append(line.decode(errors="replace").rstrip())
        stream.close()
