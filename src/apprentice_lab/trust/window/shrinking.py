"""Fewer steps that still fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

S = TypeVar("S")


def shrink(steps: Sequence[S], fails: Callable[[list[S]], bool], tries: int) -> list[S]:
    """Leave out ever smaller pieces, from the end, while what is left still fails; ``fails`` is asked ``tries`` times.

    All the steps are taken to fail. The last one is never left out: that is where it failed.
    """
    kept = list(steps)
    size = len(kept) // 2
    while size and tries:
        stop = len(kept) - 1
        while stop > 0 and tries:
            start = max(0, stop - size)
            fewer = [*kept[:start], *kept[stop:]]
            tries -= 1
            if fails(fewer):
                kept = fewer
            stop = start
        size //= 2
    return kept
