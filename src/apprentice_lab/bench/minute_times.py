"""The time a user takes: what the hand does, by stated times, and what the program lets him wait, as measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from statistics import median
from typing import Annotated, Any, Self

from pydantic import Field

from napari_apprentice.settings import Settings

CLICKS, POLYGON, BRUSH = "clicks", "polygon", "brush"  # ways of working
ENOUGH = 0.8  # IoU from which an object counts


class StatedTimes(Settings):
    """What each thing that the hand does takes."""

    read_s: Annotated[float, Field(ge=0, description="To read the target, or an answer that is wrong.")] = 0.4
    click_s: Annotated[float, Field(ge=0, description="To aim and click.")] = 0.9
    key_s: Annotated[float, Field(ge=0, description="A key; one that is held during a click, too.")] = 0.3
    outline_s: Annotated[float, Field(ge=0, description="An outline, besides its length.")] = 1.0
    outline_px_per_s: Annotated[float, Field(gt=0, description="Outline by brush or polygon, canvas pixels.")] = 150.0


@dataclass(frozen=True)
class Counted:
    """Numbers that are added up and taken off each by itself."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(a + b for a, b in zip(self._numbers(), other._numbers(), strict=True)))

    def __sub__(self, other: Self) -> Self:
        return type(self)(*(a - b for a, b in zip(self._numbers(), other._numbers(), strict=True)))

    def _numbers(self) -> Sequence[Any]:
        return [getattr(self, one.name) for one in fields(self)]


@dataclass(frozen=True)
class Spent(Counted):
    """What was done: how often each, how long the outlines were (canvas pixels), how long the program took (s)."""

    reads: int = 0
    clicks: int = 0
    keys: int = 0
    outlines: int = 0
    outline_px: float = 0.0
    waited_s: float = 0.0

    def seconds(self, times: StatedTimes) -> float:
        """Of the user."""
        by_hand = self.reads * times.read_s + self.clicks * times.click_s + self.keys * times.key_s
        outlines = self.outlines * times.outline_s + self.outline_px / times.outline_px_per_s
        return by_hand + outlines + self.waited_s


@dataclass(frozen=True)
class Worked:
    """An object done in one way; ``in_window``: by events in the window, else it is only counted.

    ``first`` is the IoU after the first click; ``given_up`` says that clicks were, for an outline.
    """

    way: str
    image: str
    group: str
    object: int
    iou: float
    spent: Spent
    in_window: bool = True
    given_up: bool = False
    first: float | None = None

    @property
    def counts(self) -> bool:
        """Whether it is right; an outline that was only counted is taken to be."""
        return self.iou >= ENOUGH or not self.in_window


@dataclass(frozen=True)
class Pace:
    """How fast a way is: objects that count (IoU .80), the seconds of all, objects a minute."""

    objects: int
    right: int
    seconds: float

    @property
    def a_minute(self) -> float:
        """Objects a minute."""
        return 60 * self.right / self.seconds if self.seconds else 0.0


def polygon(outline_px: float, waited_s: float = 0.0) -> Spent:
    """An object by polygon: read it, the key for the next id (the polygon stays in the hand), the outline."""
    return Spent(reads=1, keys=1, outlines=1, outline_px=outline_px, waited_s=waited_s)


def brush(outline_px: float, waited_s: float = 0.0) -> Spent:
    """An object by brush: read it, the key for a new object, the outline, the key for the bucket, a click into it."""
    return Spent(reads=1, keys=2, clicks=1, outlines=1, outline_px=outline_px, waited_s=waited_s)


def pace_of(rows: Sequence[Worked], times: StatedTimes) -> Pace:
    """Of one way."""
    return Pace(len(rows), sum(one.counts for one in rows), sum(one.spent.seconds(times) for one in rows))


def with_waits(rows: Sequence[Worked]) -> list[Worked]:
    """The window takes as long for what was not done in it as, in the median, for what was, in the same way."""
    waited = {
        way: median(found)
        for way in {one.way for one in rows}
        if (found := [one.spent.waited_s for one in rows if one.way == way and one.in_window])
    }
    return [
        one if one.in_window else replace(one, spent=replace(one.spent, waited_s=waited.get(one.way, 0.0)))
        for one in rows
    ]
