"""One engine process as its parent sees it."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, BinaryIO, Protocol, cast

from napari_apprentice.events import Event, Failed
from napari_apprentice.processes import start_child
from napari_apprentice.runners import framing, messages
from napari_apprentice.runners.pulse import Pulse
from napari_apprentice.runners.running import FoundDevice

BACKGROUND = "--background"  # argument for low priority, for teaching beside a window
_LINES_KEPT = 40
_PATIENCE_S = 1.0
_FROM_OUTSIDE = (-9, 137, -15, 143, -1, 129)  # killed, asked to end, its terminal closed


class Listener(Protocol):
    """Hears what becomes of one job; called on the reading thread."""

    def on_began(self) -> None:
        """The job is being worked on."""

    def on_event(self, event: Event) -> None:
        """The job reported something."""

    def on_gone(self, why: Failed) -> None:
        """The process ended while the job was in its hands."""


class Child:
    """An engine process, threads that talk to it, and who listens to which job.

    `send` never blocks: a thread of its own writes.
    """

    def __init__(self, engine: str, *, background: bool = False) -> None:
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._outbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._listeners: dict[int, Listener] = {}
        self._lock = threading.Lock()
        self._gone = False
        self.has_answered = False  # so that it could be started, and works
        self.devices: tuple[FoundDevice, ...] | None = None
        arguments = ["napari_apprentice.runners.serve", engine, *[BACKGROUND][:background]]
        self._process = start_child(arguments, one_core_left=background)
        self.pulse = Pulse(self._process.pid)
        self._listens_to_errors = self._talks(self._keep_lines)
        self._talks(self._write)
        self._talks(self._read)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can take work."""
        return not self._gone and self._process.poll() is None

    def listen(self, number: int, listener: Listener) -> bool:
        """Hear about a job from now on; False when the process is gone."""
        with self._lock:
            if self._gone:
                return False
            self._listeners[number] = listener
            return True

    def forget(self, number: int) -> None:
        """Hear no more about a job."""
        with self._lock:
            self._listeners.pop(number, None)

    def send(self, message: dict[str, Any]) -> None:
        """Tell the process something."""
        self._outbox.put(message)

    def end(self, *, wait: bool = False) -> list[Listener]:
        """End the process; nobody hears of it. Returns who was still listening."""
        with self._lock:
            self._gone = True
            left = list(self._listeners.values())
            self._listeners.clear()
        self._outbox.put(None)
        self._process.kill()
        if wait:
            with suppress(subprocess.TimeoutExpired):  # stuck in the kernel; it goes when that lets go
                self._process.wait(_PATIENCE_S)
        return left

    def _talks(self, talk: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=talk, name=f"engine {talk.__name__}", daemon=True)
        thread.start()
        return thread

    def _read(self) -> None:
        stream = cast(BinaryIO, self._process.stdout)
        code = None  # of its own: it says why it went
        try:
            while (message := framing.read(stream)) is not None:
                self.pulse.beat()
                self._on_message(messages.from_engine(message))
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(_PATIENCE_S)
        except (OSError, ValueError) as error:  # what it says makes no sense
            self._lines.append(f"{type(error).__name__}: {error}")
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # stuck in the kernel
            self._process.wait(_PATIENCE_S)
        self._listens_to_errors.join(_PATIENCE_S)  # its last words may still be on their way
        self._on_end(code)
        stream.close()

    def _on_message(self, message: messages.Message) -> None:
        self.has_answered = True
        if isinstance(message, messages.Devices):
            self.devices = message.devices
            return
        with self._lock:
            listener = self._listeners.get(message.number)
        if listener is None:
            return
        if isinstance(message, messages.Began):
            listener.on_began()
        else:
            listener.on_event(message.event)

    def _on_end(self, code: int | None) -> None:
        with self._lock:
            self._gone = True
            left = list(self._listeners.values())
            self._listeners.clear()
        self._outbox.put(None)
        for listener in left:
            listener.on_gone(why_it_ended(code, "\n".join(self._lines)))

    def _write(self) -> None:
        stream = cast(BinaryIO, self._process.stdin)
        try:
            while (message := self._outbox.get()) is not None:
                framing.write(stream, message)
            stream.close()
        except OSError:  # it is gone: the reader says so
            pass

    def _keep_lines(self) -> None:
        stream = cast(IO[bytes], self._process.stderr)
        for line in stream:
            self._lines.append(line.decode(errors="replace").rstrip())
        stream.close()


def why_it_ended(code: int | None, lines: str) -> Failed:
    """One sentence about a process that ended while it was needed; ``code`` is None when we ended it."""
    if code is None:
        message = "The process that runs the network did not answer as it should and was ended: try again."
        return Failed(message=message, user_error=False, details=lines)
    if code in _FROM_OUTSIDE:
        message = (
            "The process that did the work was ended from outside, which also happens when memory runs out: "
            "close other programs (or choose a smaller tile or patch) and try again."
        )
        return Failed(message=message, details=lines)
    message = f"The process that runs the network broke off (exit code {code}): try again."
    return Failed(message=message, user_error=False, details=lines)
