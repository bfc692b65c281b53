"""What a review takes: what the hand does, by stated times, and what the window lets one wait, as measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from apprentice_lab.bench.minute_times import Counted, StatedTimes


class ReviewTimes(StatedTimes):
    """What each thing that the hand does takes, also that which a review needs besides."""

    look_s: Annotated[float, Field(ge=0, description="To look again after the view jumped or was moved.")] = 0.4
    picture_s: Annotated[float, Field(ge=0, description="To judge one picture of a page.")] = 0.25
    drag_s: Annotated[float, Field(ge=0, description="A drag, besides aiming and its length.")] = 0.3
    pan_s: Annotated[float, Field(ge=0, description="To move or zoom the view, however far.")] = 1.2


@dataclass(frozen=True)
class Effort(Counted):
    """What was done: how often each, how long in canvas pixels, and how long the window took (s).

    ``reads`` are of proposals and of answers that were wrong, ``pictures`` those of pages; a drag's aim is one of the
    ``clicks``.
    """

    reads: int = 0
    pictures: int = 0
    looks: int = 0
    keys: int = 0
    clicks: int = 0
    drags: int = 0
    outlines: int = 0
    pans: int = 0
    line_px: float = 0.0
    waited_s: float = 0.0

    def stated_s(self, times: ReviewTimes) -> float:
        """What the hand and the eye take."""
        return (
            self.reads * times.read_s
            + self.pictures * times.picture_s
            + self.looks * times.look_s
            + self.keys * times.key_s
            + self.clicks * times.click_s
            + self.drags * times.drag_s
            + self.outlines * times.outline_s
            + self.pans * times.pan_s
            + self.line_px / times.outline_px_per_s
        )

    def seconds(self, times: ReviewTimes) -> float:
        """Of the user."""
        return self.stated_s(times) + self.waited_s


@dataclass(frozen=True)
class Mended:
    """What was done about one mistake: how often, whether it is right then, and when (s of the user) that was.

    ``taken``: what was suggested was taken. ``effort`` is from what was wrong being seen until it is right or given up.
    """

    image: str
    kind: str
    tries: int
    right: bool
    effort: Effort
    at_s: float
    taken: bool = False


@dataclass(frozen=True)
class Reviewed:
    """A review by one user, of images with so many objects and mistakes.

    ``spoiled`` are objects that were right before it and are not after it.
    """

    user: str
    seed: int
    objects: int
    mistakes: int
    effort: Effort
    spoiled: int
    mended: tuple[Mended, ...]

    @property
    def right(self) -> int:
        """Mistakes that are mended."""
        return sum(one.right for one in self.mended)

    @property
    def taken(self) -> int:
        """Mistakes for which what was suggested was taken."""
        return sum(one.taken for one in self.mended)

    @property
    def failed(self) -> int:
        """Mistakes that were found and given up."""
        return len(self.mended) - self.right

    @property
    def retries(self) -> int:
        """Attempts after the first."""
        return sum(one.tries - 1 for one in self.mended)

    @property
    def never_found(self) -> int:
        """Mistakes that nobody looked at."""
        return self.mistakes - len(self.mended)


@dataclass(frozen=True)
class Pace:
    """All reviews of one user: seconds (stated, waited) and mistakes of all seeds, and how far seeds are apart."""

    user: str
    reviews: Sequence[Reviewed]

    def count(self, what: str) -> int:
        """A count of all reviews, such as ``right``."""
        return sum(int(getattr(one, what)) for one in self.reviews)

    @property
    def effort(self) -> Effort:
        """Of all reviews."""
        return sum((one.effort for one in self.reviews), Effort())

    def each(self, times: ReviewTimes) -> float | None:
        """Seconds for each mistake made right, those of looking included; None when none was."""
        return self.effort.seconds(times) / self.count("right") if self.count("right") else None

    def stated_each(self, times: ReviewTimes) -> float | None:
        """The same without waiting for the window."""
        return self.effort.stated_s(times) / self.count("right") if self.count("right") else None

    def spread(self, times: ReviewTimes) -> tuple[float, float] | None:
        """The least and the most of `each` over the seeds."""
        found = [one.effort.seconds(times) / one.right for one in self.reviews if one.right]
        return (min(found), max(found)) if found else None


def paces_of(reviews: Sequence[Reviewed]) -> list[Pace]:
    """One of each user, in the order in which they came."""
    users = dict.fromkeys(one.user for one in reviews)
    return [Pace(user, [one for one in reviews if one.user == user]) for user in users]
