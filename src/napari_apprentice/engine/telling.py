"""Steps of a computation, told as events on the way."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from napari_apprentice.events import Event

Step = TypeVar("Step")
Found = TypeVar("Found")


def telling(
    steps: Generator[Step, None, Found], events_of: Callable[[Step], Iterable[Event]]
) -> Generator[Event, None, Found]:
    """The events of every step, and in the end what the steps come to."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            found: Found = end.value
            return found
        yield from events_of(step)
