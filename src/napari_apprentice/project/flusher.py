"""Gets what was written onto the disk within a second, also when nobody asks, and looks after the folder.

A write reaches the operating system at once, which survives the death of this process; `fsync` survives the
death of the machine but may take long, so it happens on a thread of its own. So may a look at a drive that is gone.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

from napari_apprentice.project.place import Place

_INTERVAL_S = 0.4
_LOOK_S = 1.0
_LONGEST_CLOSE_S = 10.0  # a drive that is gone may never answer


class Syncable(Protocol):
    """What can be put on disk; once ``is_doubtful``, nothing says any more that it is there."""

    is_doubtful: bool

    def sync(self) -> None:
        """Block until everything written so far is on disk; raises OSError."""


class Flusher:
    """Syncs what reported that it wrote, on one daemon thread that is started by the first report.

    With a ``place`` the thread looks every second whether the folder is still there.
    """

    def __init__(self, interval_s: float = _INTERVAL_S, place: Place | None = None) -> None:
        self.place = place
        self._interval_s = interval_s
        self._dirty: set[Syncable] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble: OSError | None = None
        self._synced = 0
        self._looked_at = 0.0
        if place is not None:
            self._start()

    @property
    def is_closed(self) -> bool:
        """Whether the thread has ended or is about to."""
        return self._closing.is_set()

    @property
    def why_held(self) -> str:
        """Why nothing may be written now; "" when it may."""
        return "" if self.place is None else self.place.why_held

    def wrote(self, target: Syncable) -> None:
        """Have ``target`` synced soon."""
        with self._lock:
            self._dirty.add(target)
        self._start()
        self._wake.set()

    @property
    def sync_count(self) -> int:
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
        is_away = self.place is not None and bool(self.place.trouble)
        if targets and not is_away and not any(target.is_doubtful for target in targets):
            self._synced += 1

    def close(self) -> None:
        """Sync what is left and end the thread."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_LONGEST_CLOSE_S)
        self.flush()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self.is_closed:
                self._thread = threading.Thread(target=self._run, name="apprentice-journal", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self.is_closed:
            wrote = self._wake.wait(None if self.place is None else _LOOK_S)
            self._wake.clear()
            if wrote:
                self._closing.wait(self._interval_s)  # more is written meanwhile, and synced together
            self._look()
            self.flush()

    def _look(self) -> None:
        if self.place is not None and not self.is_closed and time.monotonic() - self._looked_at >= _LOOK_S / 2:
            self._looked_at = time.monotonic()
            self.place.look()
