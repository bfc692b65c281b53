"""The main of an engine process (``serve ENGINE [--background]``): jobs come in on stdin, events go out on stdout.

Several jobs take turns, an event at a time; one that `goes_first` (a click) is answered between two tiles of a
segmentation. The process ends at once when its pipe closes: it never outlives the one that started it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, BinaryIO

from napari_apprentice import events, jobs
from napari_apprentice.processes import lower_priority
from napari_apprentice.runners import framing
from napari_apprentice.runners.child import BACKGROUND
from napari_apprentice.runners.door import engine_class
from napari_apprentice.runners.orderly import ends_in_order


class Inbox:
    """Messages that came in; cancellations are known at once, whatever the main thread does."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._messages: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        threading.Thread(target=self._listen, name="inbox", daemon=True).start()

    def is_cancelled(self, number: int) -> bool:
        """Whether this job is no longer wanted."""
        return number in self._cancelled

    def take(self, *, wait: bool) -> dict[str, Any] | None:
        """The next message; None when there is none and it should not wait."""
        try:
            return self._messages.get(block=wait)
        except queue.Empty:
            return None

    def _listen(self) -> None:
        while True:
            message = framing.read(self._stream)
            if message is None:
                os._exit(0)  # nobody is there to report to; models are written atomically
            if message["type"] == "cancel":
                self._cancelled.add(message["number"])
            else:
                self._messages.put(message)


@dataclass(eq=False)
class _Turn:
    """A job under way."""

    number: int
    goes_first: bool
    events: Generator[events.Event]


class Server:
    """Runs what the inbox brings and writes what comes out."""

    def __init__(self, inbox: Inbox, out: BinaryIO, engine: str) -> None:
        self._name = engine
        self._inbox = inbox
        self._out = out
        self._turns: list[_Turn] = []
        self._engine: Any = None

    def serve(self) -> None:
        """Until the process ends; then jobs remove what they have not finished."""
        try:
            while True:
                message = self._inbox.take(wait=not self._turns)
                if message is not None:
                    self._on_message(message)
                elif self._turns:
                    self._advance(next((turn for turn in self._turns if turn.goes_first), self._turns[0]))
        finally:
            for turn in self._turns:
                turn.events.close()

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "devices":
            self._report_devices()
        elif message["type"] == "job":
            self._begin(message["number"], jobs.from_plain(message["job"]))

    def _begin(self, number: int, job: jobs.Job) -> None:
        if self._inbox.is_cancelled(number):
            self._report(number, events.WasCancelled())
            return
        try:
            engine = self._loaded()
        except (ImportError, OSError) as error:  # OSError: a library of torch's that cannot be loaded
            why = f"PyTorch cannot be loaded here ({error}): install torch again."
            self._report(number, events.Failed(message=why, details=traceback.format_exc()))
            return
        framing.write(self._out, {"type": "began", "number": number})
        run = engine.run(job, lambda: self._inbox.is_cancelled(number))
        self._turns.append(_Turn(number, job.goes_first, run))

    def _report_devices(self) -> None:
        try:
            found = self._loaded().devices()
        except (ImportError, OSError):  # the first job says so
            found = []
        devices = [{"name": name, "words": words} for name, words in found]
        framing.write(self._out, {"type": "devices", "devices": devices})
        if self._engine is not None:
            self._engine.prepare()

    def _loaded(self) -> Any:
        if self._engine is None:
            self._engine = engine_class(self._name)()
        return self._engine

    def _advance(self, turn: _Turn) -> None:
        event = next(turn.events, events.WasCancelled())
        if events.is_last(event):
            self._turns.remove(turn)
        self._report(turn.number, event)

    def _report(self, number: int, event: events.Event) -> None:
        framing.write(self._out, {"type": "event", "number": number, "event": events.to_plain(event)})


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Streams for frames alone: whatever prints or reads from now on uses stderr and nothing.

    Compiled libraries print to file descriptor 1 behind Python's back, so the descriptors themselves are moved.
    """
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (0, 1):
            msvcrt.setmode(descriptor, os.O_BINARY)
    source = os.fdopen(os.dup(0), "rb")
    out = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return source, out


def main() -> None:
    """Serve until the pipe closes."""
    source, out = own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the one that started us
    if BACKGROUND in sys.argv:
        lower_priority()
    with contextlib.suppress(BrokenPipeError), ends_in_order():
        Server(Inbox(source), out, sys.argv[1]).serve()


if __name__ == "__main__":
    main()
