"""What would hold up the thread that owns a session is worked out on another one, and taken in by the owner."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

Next = Callable[[], None]
Taken: TypeAlias = "Work | Next | None"
"""Of a result that was taken in: what is done once everyone heard that the job ended; of one that was not yet: work."""


@dataclass(frozen=True, eq=False)
class Work:
    """A slow step of taking a result in.

    ``do`` runs beside the owning thread, which goes on meanwhile: it reads, changes nothing that others see, and does
    not mind what it finds half changed. ``done`` gets what it gave, on the owning thread, looks whether what was read
    is still so, and answers as `Taken`. Neither begins unless ``may_go_on``. What ``is_short`` is done on the spot.
    """

    do: Callable[[], Any]
    done: Callable[[Any], Taken]
    may_go_on: Callable[[], bool]
    is_short: bool = False


class Background:
    """Gets work done, one piece after the other, on a thread that is there as long as a piece takes."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._under_way: Future[Any] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the other thread is at it."""
        return self._under_way is not None and not self._under_way.done()

    def advance(self) -> Taken:
        """Go on as far as can be now, on the owning thread; the work that is left, or what came of all of it."""
        while self._work.may_go_on():
            if self._work.is_short:
                found = self._work.do()
            elif self._under_way is None:
                self._under_way = _begun(self._work.do)
                break
            elif self.is_running:
                break
            else:
                found, self._under_way = self._under_way.result(), None
            taken = self._work.done(found)
            if not isinstance(taken, Work):
                return taken
            self._work = taken
        return self._work


def _begun(do: Callable[[], Any]) -> Future[Any]:
    executor = ThreadPoolExecutor(1, "apprentice-background")
    future = executor.submit(do)
    executor.shutdown(wait=False)  # the thread ends with its work
    return future
