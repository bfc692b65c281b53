"""The time and the steps a job of teaching may take, and how often it reports."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from napari_apprentice.errors import Cancelled
from napari_apprentice.events import Progress
from napari_apprentice.settings import TimeToTeach

_FEW = 60  # steps: with fewer a network has hardly begun to learn
_MEASURED = 5  # steps, after which the next are expected to take as long
_LONG_ENOUGH = 10.0  # seconds: so long a step need not be waited for five times


class Clock:
    """Counts from its making. ``reserve`` seconds at the end are for judging and writing."""

    def __init__(self, settings: TimeToTeach, cancelled: Callable[[], bool]) -> None:
        self._began = time.monotonic()
        self.is_cancelled = cancelled
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
        return min(1.0, max(steps / self._steps, (self.elapsed - self._first) / self._time_for_steps))

    @property
    def _time_for_steps(self) -> float:
        return max(1e-3, self._seconds - self.reserve - self._first)

    def steps_expected(self, steps: int) -> int | None:
        """How many steps there will be in all, as fast as they went so far; None while that is not known."""
        taken = self.elapsed - self._first
        if steps < 1 or (steps < _MEASURED and taken < _LONG_ENOUGH):
            return None
        return max(steps, min(self._steps, round(steps * self._time_for_steps / taken)))

    def words(self, what: str, steps: int) -> str:
        """What is done, and which step of how many comes next, as far as that is known."""
        expected = self.steps_expected(steps)
        return what if expected is None else f"{what}, step {steps + 1} of about {expected}"

    def too_few(self, steps: int, who: str = "Teach") -> str:
        """One sentence where the time allows few steps on this computer; "" where it does, or is not yet known.

        ``who`` is to be given more time.
        """
        expected = self.steps_expected(steps)
        if expected is None or expected >= min(_FEW, self._steps):
            return ""
        needed = self._first + _FEW * (self.elapsed - self._first) / steps + self.reserve
        fit = "1 step fits" if expected == 1 else f"{expected} steps fit"
        return (
            f"Only about {fit} into {_length(self._seconds)} on this computer, and fewer than {_FEW} teach little: "
            f"give {who} {_length(60 * math.ceil(needed / 60))}."
        )

    def beat(self, steps: int, what: str) -> Progress:
        """Where the job is. Raises `errors.Cancelled` when it should not go on."""
        if self.is_cancelled():
            raise Cancelled
        used, left = self.share_used(steps), self.left
        if steps >= _MEASURED and used > 0:
            left = min(left, (self.elapsed - self._first) * (1 - used) / used + self.reserve)
        return Progress(done=used, total=1.0, left_s=left, what=what)


def _length(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} seconds"
    minutes = seconds / 60
    return f"{minutes:.1f}".removesuffix(".0") + (" minute" if minutes == 1 else " minutes")
