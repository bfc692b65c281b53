"""Being ended from outside, in order: what is open is closed, and what is temporary goes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")  # a request to end, a terminal that closed, the same on Windows


@contextmanager
def ends_in_order(end: Callable[[int], None] | None = None) -> Iterator[None]:
    """Inside, a signal that would kill the process raises `SystemExit`, or calls ``end``, with an exit code.

    That is the one of a shell, 128 and the signal. What is ignored (nohup) or has a handler of somebody else stays as
    it is; so does everything on another than the main thread, which hears of no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {one: signal.getsignal(one) for one in known}
    taken = {one: old for one, old in before.items() if old is signal.SIG_DFL or isinstance(old, _Ending)}
    ending = _Ending(end or _leave, list(taken))
    for one in taken:
        signal.signal(one, ending)
    try:
        yield
    finally:
        for one, old in taken.items():
            if ending.has_come or signal.getsignal(one) is ending:
                signal.signal(one, old)


class _Ending:
    """Answers the first signal; what is being closed then is not broken off by a second one."""

    def __init__(self, end: Callable[[int], None], signals: list[signal.Signals]) -> None:
        self._end = end
        self._signals = signals
        self.has_come = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.has_come = True
        for one in self._signals:
            signal.signal(one, signal.SIG_IGN)
        self._end(128 + number)


def _leave(code: int) -> None:
    raise SystemExit(code)
