"""The likely correction of a doubtful place, as an edit that waits: what is suggested, and in which order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels import object_edits, splitting
from napari_apprentice.data.labels.corrections import UNKNOWN
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.errors import UserError
from napari_apprentice.jobs import PackedMask
from napari_apprentice.session.click_proposal import keeping_edit, proposal_of
from napari_apprentice.session.doubtful_places import DoubtfulPlace
from napari_apprentice.session.project_image import ProjectImage

Way = Literal["join", "split", "delete", "outline", "new"]
Box = tuple[slice, slice, slice, slice]

WORDS: dict[Way, str] = {
    "join": "join with its neighbour",
    "split": "split in two",
    "delete": "delete",
    "outline": "new outline",
    "new": "new object",
}
LEAST_CHANCE = 0.1  # what is less likely is not suggested
_NEW, _OUTLINE = 0.35, 0.1  # chances of what was found at a click: measured, see docs/review.md
_ALIKE, _RELATED = 0.8, 0.3  # IoU from which an answer is the outline there is, and below which it is something else


@dataclass(frozen=True, eq=False)
class Suggestion:
    """One way to mend ``place``, with the edit that does it on the labels as they were after ``edits`` edits.

    ``answer`` is what it was made of, where a click was asked.
    """

    place: DoubtfulPlace
    way: Way
    chance: float
    delta: Delta
    edits: int
    region: tuple[slice, ...]
    answer: PackedMask | None

    @property
    def words(self) -> str:
        """What it does, such as "split in two"."""
        return WORDS[self.way]

    @property
    def is_stale(self) -> bool:
        """Whether labels changed since, or another part of the image is open."""
        entry = self.place.entry
        return entry.edits != self.edits or entry.region != self.region

    def again(self) -> Suggestion | None:
        """The same way for the labels as they are now; None where that cannot be done any more."""
        return self if not self.is_stale else suggestion_of(self.place, self.way, self.chance, self.answer)

    @property
    def box(self) -> Box:
        """Around all that it changes, in the open labels."""
        t, z, y, x = (slice(start, stop) for start, stop in self.delta.box)
        return t, z, y, x

    def made(self) -> NDArray[np.uint32]:
        """The objects that it makes, over `box`; 0 elsewhere."""
        at = np.stack(np.unravel_index(self.delta.indices, self.delta.shape))
        found = np.zeros([part.stop - part.start for part in self.box], np.uint32)
        found[tuple(at - np.array([part.start for part in self.box])[:, None])] = self.delta.labels_after
        return found


def ways_for(place: DoubtfulPlace, answer: PackedMask | None) -> list[tuple[Way, float]]:
    """What may mend a place and how likely that is, the likeliest first; ``answer``: what a click there would find.

    Where a click finds an object there is one: what looked like none has a wrong outline instead, if that is another.
    """
    if place.id is None:
        return [("outline", _NEW), ("new", _NEW)] if answer else []
    names: tuple[Way, ...] = ("join", "split", "outline", "delete")
    join, split, delete = (float(chance) for chance in place.mends.chances[0])
    outline = max(_OUTLINE, delete) if answer else 0.0
    found = zip(names, (join, split, outline, delete), strict=True)
    return sorted((one for one in found if one[1] >= LEAST_CHANCE), key=lambda one: -one[1])


def suggestion_of(place: DoubtfulPlace, way: Way, chance: float, answer: PackedMask | None) -> Suggestion | None:
    """The edit that mends a place in this way; None where that cannot be done without changing what is confirmed."""
    entry = place.entry
    at = here(entry, place.point)
    if not entry.has_open(place.point) or entry.confirmed[at] != UNKNOWN or int(entry.labels[at]) != (place.id or 0):
        return None
    try:
        delta = _edit(place, way, at, answer)
    except UserError:  # there is nothing to do it with any more
        return None
    if delta is None or len(delta) == 0 or (delta.confirmed_before != UNKNOWN).any():
        return None
    return Suggestion(place, way, chance, delta, entry.edits, entry.region, answer)


def likeliest(place: DoubtfulPlace, answer: PackedMask | None) -> Suggestion | None:
    """The likeliest of all ways that can be gone; None where there is none."""
    found = (suggestion_of(place, way, chance, answer) for way, chance in ways_for(place, answer))
    return next((one for one in found if one is not None), None)


def _edit(place: DoubtfulPlace, way: Way, at: tuple[int, ...], answer: PackedMask | None) -> Delta | None:
    entry = place.entry
    labels, confirmed, mends = entry.labels, entry.confirmed, place.mends
    if way == "delete":
        return object_edits.delete_object(labels, confirmed, at, "instances")
    if way == "join":
        if not entry.has_open(mends.joins[0]):
            return None
        return object_edits.merge_objects(labels, confirmed, [at, here(entry, mends.joins[0])])
    if way == "split":
        places = [here(entry, one) for one in mends.cuts[0] if entry.has_open(one)]
        if len(places) < len(mends.cuts[0]) or any(labels[one] != place.id for one in places):
            return None
        return splitting.split_at_places(
            labels, confirmed, places, entry.look, entry.volume.spacing, free=entry.next_id()
        )
    return None if answer is None else _as_answered(entry, at, answer, is_new=way == "new")


def _as_answered(entry: ProjectImage, at: tuple[int, ...], answer: PackedMask, *, is_new: bool) -> Delta | None:
    """The object as a click finds it, as far as no other one has it, in place of the one that it mostly is.

    None where it is what is there already, where it is another object than wanted, and where it lies elsewhere.
    """
    number = int(entry.labels[at]) or _mostly_in(entry, answer)
    if is_new is bool(number):
        return None
    proposal = proposal_of(answer, entry, entry.inner, repairs=number)
    if proposal is None:
        return None
    labels = entry.labels[tuple(slice(*side) for side in proposal.box)]
    proposal.mask[(labels != 0) & (labels != number)] = False
    if not proposal.holds(at):
        return None
    if number:
        both = int((proposal.mask & (labels == number)).sum())
        sizes = int((entry.labels[at[0]] == number).sum()), int(proposal.mask.sum())
        if not _RELATED <= both / (sum(sizes) - both) < _ALIKE or 2 * both < min(sizes):
            return None
    return keeping_edit(proposal)


def _mostly_in(entry: ProjectImage, answer: PackedMask) -> int:
    """The object that has most of what a click found; 0 where objects have little of it."""
    proposal = proposal_of(answer, entry, entry.inner)
    if proposal is None:
        return 0
    values, counts = np.unique(
        entry.labels[tuple(slice(*side) for side in proposal.box)][proposal.mask], return_counts=True
    )
    taken = np.where(values == 0, 0, counts)
    return int(values[taken.argmax()]) if taken.sum() > _RELATED * counts.sum() else 0


def here(entry: ProjectImage, point: Iterable[int]) -> tuple[int, int, int, int]:
    """A voxel of the whole image in what is open of it."""
    t, z, y, x = (int(i) - part.start for i, part in zip(point, entry.region, strict=True))
    return t, z, y, x
