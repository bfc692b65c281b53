"""Waiting while the window lives."""

from __future__ import annotations

import time
from collections.abc import Callable

from qtpy.QtCore import QEventLoop, QTimer

from napari_apprentice.errors import UserError

LONGEST_S = 180.0


def wait(seconds: float) -> None:
    """Let the window live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(done: Callable[[], bool], poll_ms: int = 5, longest_s: float = LONGEST_S) -> float:
    """Let the window live until something is true; the seconds it took. `UserError` when it takes too long."""
    start = time.perf_counter()
    loop = QEventLoop()
    timer = QTimer()
    timer.setInterval(poll_ms)
    timer.timeout.connect(lambda: loop.quit() if done() or time.perf_counter() - start > longest_s else None)
    timer.start()
    loop.exec()
    timer.stop()
    if not done():
        raise UserError(f"Nothing happened for {longest_s:.0f} s: see what the panel says in a window.")
    return time.perf_counter() - start
