"""What a trial is, how much of it is wanted, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Extent:
    """How much of a trial is wanted: ``share`` of what its goal asks for, drawn from ``seed``.

    ``data`` is the folder of real files, as measurements have it.
    """

    share: float = 1.0
    seed: int = 0
    data: str = "../shared/data"

    def of(self, whole: int) -> int:
        """That share of a number of tries, at least one."""
        return max(1, round(whole * self.share))


@dataclass(frozen=True)
class Outcome:
    """How often it was tried, a sentence for each failure (how to do it again included), and what else was measured."""

    tried: int
    failures: tuple[str, ...] = ()
    numbers: Mapping[str, float | int | str] = field(default_factory=dict)


Run = Callable[[Path, Extent], Generator[str, None, Outcome]]


@dataclass(frozen=True)
class Trial:
    """``run`` gets a folder of its own, which it finds again after a stop, and yields what a person wants to read."""

    name: str
    goal: str
    run: Run
