"""Time as processes had it: what they waited for a processor that did other work is not held against them."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from contextlib import suppress
from pathlib import Path

import psutil

_LOOK_S = 0.1


class FairClock:
    """Seconds that passed for a process and what it started, without those in which they waited for a processor.

    To be looked at often. Where the system does not say what threads do, all seconds count.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._process = psutil.Process(pid)
        self._had: dict[Path, tuple[float, float]] = {}  # for how many seconds each thread ran and waited in all
        self._times = [time.time()]
        self._waited = [0.0]
        self._look()

    def look(self) -> None:
        """Note how long they waited since it was looked at last."""
        passed = time.time() - self._times[-1]
        if passed >= _LOOK_S:
            self._times.append(self._times[-1] + passed)
            self._waited.append(self._waited[-1] + min(passed, self._look(passed)))

    def between(self, since: float, until: float) -> float:
        """Of the seconds between two times (`time.time`), those that they had."""
        return until - since - (self._waited_until(until) - self._waited_until(since))

    def since(self, since: float) -> float:
        """The seconds that they had since then."""
        return self.between(since, time.time())

    def _waited_until(self, when: float) -> float:
        i = bisect_right(self._times, when)
        if i in (0, len(self._times)):
            return self._waited[min(i, len(self._times) - 1)]
        share = (when - self._times[i - 1]) / (self._times[i] - self._times[i - 1])
        return self._waited[i - 1] + share * (self._waited[i] - self._waited[i - 1])

    def _look(self, passed: float = 0.0) -> float:
        """How long they waited in the time that passed.

        The system counts how long a thread waited when it runs again: who would run now, and did not, waited, too.
        """
        before, self._had = self._had, {}
        ran = waited = 0.0
        wants_to = False
        with suppress(psutil.Error):
            for process in (self._process, *self._process.children(recursive=True)):
                with suppress(OSError, ValueError, IndexError):
                    for thread in Path("/proc", str(process.pid), "task").iterdir():
                        told = (thread / "schedstat").read_text(encoding="ascii").split()
                        self._had[thread] = int(told[0]) / 1e9, int(told[1]) / 1e9
                        more = [
                            now - then for now, then in zip(self._had[thread], before.get(thread, (0, 0)), strict=True)
                        ]
                        ran, waited = ran + more[0], waited + more[1]
                        wants_to |= int(thread.name) != threading.get_native_id() and _state(thread) == "R"
        return max(waited, passed - ran if wants_to else 0.0)


def _state(thread: Path) -> str:
    """R for one that runs, or would."""
    return (thread / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
