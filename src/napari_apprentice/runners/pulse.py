"""Whether a process moves: it reports something, or takes time of a processor.

One that was paused, or waits for a disk that does not answer, does neither; one that computes for long does.
"""

from __future__ import annotations

import time

import psutil

_LOOK_S = 0.5
_LONGEST_S = (
    1.0  # that counts between two looks: nobody knows what was in a longer time, such as a sleep of the machine
)


class Pulse:
    """Of the process with a number."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._taken: float | None = None  # seconds of a processor
        self._beats = self._seen = 0
        self._still_s = 0.0
        self._looked_at = time.monotonic()

    def beat(self) -> None:
        """It reported something; called from any thread."""
        self._beats += 1

    def still_s(self) -> float:
        """For how many seconds it has not moved, as far as that was looked at; cheap, and never waits."""
        now = time.monotonic()
        passed = now - self._looked_at
        if passed >= _LOOK_S:
            self._looked_at = now
            before, self._taken = (self._taken, self._seen), _seconds_of(self._pid)
            self._seen = self._beats
            is_still = before == (self._taken, self._seen) and self._taken is not None
            self._still_s = self._still_s + min(passed, _LONGEST_S) if is_still else 0.0
        return self._still_s


def _seconds_of(pid: int) -> float | None:
    """The time of processors that a process has taken; None when the system does not say."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)
