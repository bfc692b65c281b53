"""Gets what was written onto the disk within a second, also when nobody asks.

A write reaches the operating system at once, which survives the death of this process; `fsync` survives the
death of the machine but may take long, so it happens on a thread of its own.
"""

from __future__ import annotations

import threading
from typing import Protocol

_INTERVAL_S = 0.4


class Syncable(Protocol):
    """What can be put on disk."""

    def sync(self) -> None:
        """Block until everything written so far is on disk; raises OSError."""


class Flusher:
    """Syncs what reported that it wrote, on one daemon thread that is started by the first report."""

    def __init__(self, interval_s: float = _INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._dirty: set[Syncable] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._trouble: OSError | None = None
        self._synced = 0

    def wrote(self, target: Syncable) -> None:
        """Have ``target`` synced soon."""
        with self._lock:
            self._dirty.add(target)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="apprentice-journal", daemon=True)
                self._thread.start()
        self._wake.set()

    @property
    def synced(self) -> int:
        """How often everything written had reached the disk; grows."""
        return self._synced

    def take_trouble(self) -> OSError | None:
        """The last failure that nobody has taken yet."""
        trouble, self._trouble = self._trouble, None
        return trouble

    def flush(self) -> None:
        """Sync now, on this thread."""
        with self._lock:
            targets, self._dirty = self._dirty, set()
        for target in targets:
            try:
                target.sync()
            except OSError as error:
                self._trouble = error
        if targets:
            self._synced += 1

    def close(self) -> None:
        """Sync what is left and end the thread."""
        self._closed = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        pause = threading.Event()
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            if not self._closed:
                pause.wait(self._interval_s)
            self.flush()
