"""Long calls on a thread of their own, so that a job goes on reporting and hears a cancel while they run."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from napari_apprentice.engine.device import clear_modes
from napari_apprentice.errors import Cancelled

_Value = TypeVar("_Value")
_Beat = TypeVar("_Beat")

BEAT_S = 0.15


class BackgroundThreads:
    """Threads that compute beside a job; PyTorch, NumPy and SciPy let others run meanwhile."""

    def __init__(self) -> None:
        # More than one: a click must not wait for the decoding of a large volume.
        self._threads = ThreadPoolExecutor(3, thread_name_prefix="background")

    def run(
        self, call: Callable[[], _Value], cancelled: Callable[[], bool], still: _Beat
    ) -> Generator[_Beat, None, _Value]:
        """Yield ``still`` at every beat until the call is done; its value, or what it raised, is what comes of it.

        After a cancel the call runs to its end, but nobody waits for it.
        """
        future = self._threads.submit(_anew, call)
        while not future.done():
            if cancelled():
                raise Cancelled
            if not wait([future], BEAT_S).done:
                yield still
        return future.result()


def _anew(call: Callable[[], _Value]) -> _Value:
    """What an earlier call on this thread left counts no more."""
    clear_modes()
    return call()
