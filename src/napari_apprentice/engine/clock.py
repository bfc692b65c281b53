"""The time and the steps a job of teaching may take, and how often it reports."""

from __future__ import annotations

import time
from collections.abc import Callable

from napari_apprentice.errors import Cancelled
from napari_apprentice.events import Progress
from napari_apprentice.settings import TeachSettings


class Clock:
    """Counts from its making. ``reserve`` seconds at the end are for judging and writing."""

    def __init__(self, settings: TeachSettings, cancelled: Callable[[], bool]) -> None:
        self._began = time.monotonic()
        self._cancelled = cancelled
        self._seconds = settings.max_seconds
        self._steps = settings.max_steps
        self.reserve = 0.05 * settings.max_seconds
        self._first = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the job began."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds until the job must have ended."""
        return max(0.0, self._seconds - self.elapsed)

    def begin_steps(self) -> None:
        """What was done so far is not part of the time for steps."""
        self._first = self.elapsed

    def keep_back(self, seconds: float) -> None:
        """Leave so many seconds for what follows the last step, at most half of all."""
        self.reserve = min(0.5 * self._seconds, max(self.reserve, seconds))

    def share_used(self, steps: int) -> float:
        """The share of the time for steps, or of the steps, that is gone: 0 to 1."""
        time_for_steps = max(1e-3, self._seconds - self.reserve - self._first)
        return min(1.0, max(steps / self._steps, (self.elapsed - self._first) / time_for_steps))

    def beat(self, steps: int, what: str) -> Progress:
        """Where the job is. Raises `errors.Cancelled` when it should not go on."""
        if self._cancelled():
            raise Cancelled
        used, left = self.share_used(steps), self.left
        if steps >= 5 and used > 0:
            left = min(left, (self.elapsed - self._first) * (1 - used) / used + self.reserve)
        return Progress(done=used, total=1.0, left_s=left, what=what)
