"""A page of a review: several doubtful places of one image, judged at one look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.edits import approve_voxels, voxels_of
from napari_apprentice.session.doubtful_places import DoubtfulPlace, empty_in
from napari_apprentice.session.project_image import ProjectImage
from napari_apprentice.session.suggestion import LEAST_CHANCE, Suggestion, here

Mark = Literal["take", "delete", "look"]  # do what is suggested, there is no object, look at it


@dataclass(eq=False)
class ReviewPage:
    """Places of one image with the numbers that they are called by, the first being 1.

    Attributes
    ----------
    region
        What was open of the image, in which they lie.
    suggestions
        What would mend a place, by its number; where nothing is known there is none.
    marks
        What is to be done about those that are not right as they are.
    last
        The number that was marked last; None before the first.
    answered
        The places of which something was said when the page was last approved; none before.
    """

    entry: ProjectImage
    region: Region
    places: tuple[DoubtfulPlace, ...]
    suggestions: dict[int, Suggestion] = field(default_factory=dict)
    marks: dict[int, Mark] = field(default_factory=dict)
    last: int | None = None
    answered: tuple[DoubtfulPlace, ...] = ()

    @property
    def numbers(self) -> range:
        """Of all its places."""
        return range(1, len(self.places) + 1)

    def place(self, number: int) -> DoubtfulPlace:
        """One of the places."""
        return self.places[number - 1]

    def turn(self, number: int) -> None:
        """Right as it is, then to be mended as suggested, then to be looked at, then right again."""
        before = self.marks.get(number)
        if before is None:
            self.mark(number, "take" if number in self.suggestions else "look")
        else:
            self.mark(number, "look" if before == "take" else None)

    def mark(self, number: int, mark: Mark | None) -> None:
        """What is to be done about one; None: it is right."""
        self.last = number
        if mark is None:
            self.marks.pop(number, None)
        else:
            self.marks[number] = mark

    def count(self, mark: Mark | None) -> int:
        """How many of those that are still open have a mark; None: how many have none."""
        return sum(self.marks.get(number) == mark for number in self.numbers if is_open(self.place(number)))


def is_open(place: DoubtfulPlace) -> bool:
    """Whether nobody said anything about it yet, and it can be edited now."""
    entry = place.entry
    if not entry.has_open(place.point):
        return False
    at = here(entry, place.point)
    return bool(entry.confirmed[at] == UNKNOWN) and bool(entry.labels[at]) == (place.id is not None)


def told_apart(places: Iterable[DoubtfulPlace]) -> Iterator[DoubtfulPlace]:
    """Without those that an earlier one would likely be joined with: two halves are one mistake."""
    joined: set[tuple[int, int]] = set()  # frames and ids
    for place in places:
        if place.id is not None and (place.point[0], place.id) in joined:
            continue
        join, *others = place.mends.chances[0]
        other = place.mends.joins[0]
        if place.id is not None and join >= max(*others, LEAST_CHANCE) and place.entry.has_open(other):
            t, z, y, x = here(place.entry, other)
            joined.add((int(other[0]), int(place.entry.labels[t, z, y, x])))
        yield place


def approval_of(entry: ProjectImage, places: Iterable[DoubtfulPlace]) -> Delta:
    """Objects are right as they are, and where no object is there is none; only what is still open."""
    ids: dict[int, set[int]] = {}
    where = [np.zeros(0, np.int64)]
    for place in places:
        if not is_open(place):
            continue
        at = here(entry, place.point)
        if place.id is None:
            where += [empty_in(entry, place.box), np.ravel_multi_index(at, entry.labels.shape).reshape(1)]
        else:
            ids.setdefault(at[0], set()).add(int(entry.labels[at]))
    where += [voxels_of(entry.labels, t, None, sorted(some)) for t, some in ids.items()]
    return approve_voxels(entry.labels, entry.confirmed, np.unique(np.concatenate(where)))
