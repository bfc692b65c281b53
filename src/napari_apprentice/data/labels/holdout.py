"""Which corrections teach and which are set aside to judge the result, by blocks of the image.

The image is cut into blocks in the plane (whole in z, the same in all frames: a cell hardly moves between frames).
Of every 2 x 2 neighbours one or more are set aside, chosen by a hash of the image's key and the block's position::

    . # | . .        . teaches
    . . | # .        # set aside
    ----+----
    . . | . .
    # . | . #        one of four, here with two different groups at the bottom

A block therefore never changes side, however the corrections grow, and the share is even over the image. What teaches
keeps a margin from blocks set aside. An object belongs to the side of its centroid; where it reaches over to the
other side it neither teaches nor is judged there.

Of what is set aside, every third group of 2 x 2 blocks chooses which state of the network is kept, and the others
judge it: a score on what chose would flatter. Where there is too little for both, nothing chooses and all of it judges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import (
    AS_LABELLED,
    BACKGROUND,
    UNKNOWN,
    Confirmed,
    Corrections,
    Mask,
    dilate_in_planes,
    rank_ids,
    whole_sections,
)
from napari_apprentice.settings import Kind

ENOUGH_OBJECTS = 8  # with fewer the score is noise
ENOUGH_VOXELS = 400  # for classes, of which there are no objects to count
ENOUGH_TO_CHOOSE = 6  # objects; with fewer, which state did best on them is chance
SHARE = 0.25
MARGIN = 8  # pixels
_EDGE, _SMALLEST_EDGE = 128, 48  # pixels
_FEWEST_ACROSS = 4  # blocks along an edge, in an image large enough


@dataclass(frozen=True)
class Side:
    """One image, shared out.

    Attributes
    ----------
    training
        Where a voxel may teach, boolean (T, Z, Y, X); multiply loss weights by it.
    validation
        What is confirmed among what is set aside (0, 1, 2 as in ``Corrections.confirmed``), all of each object that
        is judged: for scores (`scores.matches_within`), and where it is not 0 for the validation loss.
    choosing
        The same of what chooses which state of the network is kept; nothing of it judges.
    """

    training: Mask
    validation: Confirmed
    choosing: Confirmed


@dataclass(frozen=True)
class Holdout:
    """All corrected images, shared out; objects are counted by frame, and only whole ones.

    ``why_not_judged`` is one sentence when the set-aside part is too small for a score, else "".
    """

    sides: tuple[Side, ...]
    training_objects: int
    validation_objects: int
    why_not_judged: str
    choosing_objects: int = 0

    @property
    def enough_to_judge(self) -> bool:
        """Whether a score on the set-aside part means something."""
        return not self.why_not_judged


def split_blocks(
    training_data: Sequence[tuple[str, Corrections]],
    kind: Kind = "instances",
    *,
    share: float = SHARE,
    margin: int = MARGIN,
    enough: int = ENOUGH_OBJECTS,
) -> Holdout:
    """Share the corrections of all images out.

    When one side would have no corrections at all (a very small image, all corrections in one block) nothing is set
    aside, everything teaches, and ``why_not_judged`` says so.

    Parameters
    ----------
    training_data
        For each image a key that never changes, such as the project's id of it, and its corrections.
    kind
        Whether objects are counted or, for classes, voxels.
    share
        Of each four blocks, this share (rounded to quarters, at least one) is set aside.
    margin
        Width in pixels, along the edges of the blocks set aside, of what does not teach.
    enough
        Whole objects that must be set aside for a score.
    """
    places = [blocks_set_aside(key, c.labels.shape[2], c.labels.shape[3], share) for key, c in training_data]
    aside = [share_out(c, there, kind, margin) for there, (_, c) in zip(places, training_data, strict=True)]
    sides = [_with_choosing(side, key, c, kind) for side, (key, c) in zip(aside, training_data, strict=True)]
    if not _enough_for_both(sides, training_data, kind, enough):
        sides = aside
    teaches = any((side.training & (c.confirmed > 0)).any() for side, (_, c) in zip(sides, training_data, strict=True))
    judged = any(side.validation.any() for side in sides)
    if not (teaches and judged):
        return _nothing_set_aside([c for _, c in training_data], kind, sides)
    taught, chosen, judging = _counts(sides, training_data, kind)
    return Holdout(
        tuple(sides), taught, judging, _why_not(kind, judging, sides, training_data, enough), choosing_objects=chosen
    )


def blocks_set_aside(key: str, height: int, width: int, share: float = SHARE) -> Mask:
    """The blocks that are set aside, boolean (Y, X), from the image's key and size alone."""
    rows, columns = blocks_along(height), blocks_along(width)
    across, along = int(rows[-1]) // 2 + 1, int(columns[-1]) // 2 + 1
    aside = np.zeros((2 * across, 2 * along), bool)
    for row, column in np.ndindex(across, along):
        for place in _chosen(f"{key}/{row}/{column}", share):
            aside[2 * row + place // 2, 2 * column + place % 2] = True
    return aside[rows[:, None], columns]


def blocks_of(height: int, width: int) -> NDArray[np.int64]:
    """The number of the block of each pixel (Y, X)."""
    rows, columns = blocks_along(height), blocks_along(width)
    return rows[:, None] * (int(columns[-1]) + 1) + columns


def objects_in(corrections: Corrections, where: Mask) -> int:
    """How many objects are whole where it is true, counted by frame."""
    return _count(corrections, where, "instances")


def _blocks_that_choose(key: str, height: int, width: int) -> Mask:
    """Blocks, boolean (Y, X), of which what is set aside chooses: every third group along each row and column."""
    row, column = blocks_along(height) // 2, blocks_along(width) // 2
    begin = hashlib.blake2b(key.encode(), digest_size=1).digest()[0]
    chooses: Mask = (row[:, None] + 2 * column[None] + begin) % 3 == 0
    return chooses


def blocks_along(length: int) -> NDArray[np.int64]:
    """The number of the block of each pixel along one axis; depends on nothing but the image's size."""
    edge = min(_EDGE, max(_SMALLEST_EDGE, length / _FEWEST_ACROSS))
    count = max(1, round(length / edge))
    return np.arange(length) * count // length


def _chosen(name: str, share: float) -> list[int]:
    """Which of the four blocks of a group are set aside."""
    count = min(3, max(1, round(4 * share)))
    order = sorted(range(4), key=lambda place: hashlib.blake2b(f"{name}/{place}".encode(), digest_size=8).digest())
    return order[:count]


def share_out(corrections: Corrections, aside: Mask, kind: Kind, margin: int = MARGIN) -> Side:
    """The corrections of one image, where the pixels ``aside`` (Y, X) are set aside."""
    labels, confirmed = corrections.labels, corrections.confirmed
    near = dilate_in_planes(aside, margin)
    training = np.broadcast_to(~near, labels.shape).copy()
    validation = np.where(aside, confirmed, UNKNOWN).astype(np.uint8)
    none = np.zeros_like(validation)
    if kind == "classes":
        return Side(training, validation, none)
    for t in range(len(labels)):
        names, ranks = rank_ids(labels[t])
        home = centroids_in(ranks, len(names), aside)[ranks] & (ranks > 0)
        theirs = (ranks > 0) & ~home
        training[t][home] = False
        validation[t][theirs & (validation[t] == AS_LABELLED)] = UNKNOWN
        mine = home & (confirmed[t] == AS_LABELLED)
        validation[t][mine] = AS_LABELLED
    return Side(training, validation, none)


def _with_choosing(side: Side, key: str, corrections: Corrections, kind: Kind) -> Side:
    """Part of what is set aside chooses, and the rest of it judges; an object belongs to the side of its centroid."""
    chooses = _blocks_that_choose(key, *corrections.labels.shape[2:])
    judging = np.where(chooses, UNKNOWN, side.validation)
    choosing = np.where(chooses, side.validation, UNKNOWN)
    if kind == "instances":
        for t, ids in enumerate(corrections.labels):
            sure = side.validation[t] == AS_LABELLED
            if not sure.any():
                continue
            names, ranks = rank_ids(ids)
            home = centroids_in(ranks, len(names), chooses)[ranks]
            judging[t][sure] = np.where(home[sure], UNKNOWN, AS_LABELLED)
            choosing[t][sure] = np.where(home[sure], AS_LABELLED, UNKNOWN)
    return Side(side.training, judging, choosing)


def _enough_for_both(
    sides: Sequence[Side], training_data: Sequence[tuple[str, Corrections]], kind: Kind, enough: int
) -> bool:
    """Whether what judges suffices when part of what is set aside chooses, and that part means something."""
    _, chosen, judging = _counts(sides, training_data, kind)
    few = ENOUGH_TO_CHOOSE if kind == "instances" else ENOUGH_VOXELS
    return chosen >= few and not _why_not(kind, judging, sides, training_data, enough)


def centroids_in(ranks: NDArray[Any], count: int, values: NDArray[Any]) -> NDArray[Any]:
    """For each rank in one frame (Z, Y, X) the value of ``values`` (Y, X) at its centroid."""
    found: NDArray[Any] = values[tuple(centroids_of(ranks, count).T)]
    return found


def centroids_of(ranks: NDArray[Any], count: int) -> NDArray[np.int64]:
    """For each rank in one frame (Z, Y, X) the pixel (y, x) of its centroid in the plane."""
    rows, columns = np.zeros(count), np.zeros(count)
    size = np.zeros(count)
    for plane in ranks:
        y, x = np.nonzero(plane)
        ids = plane[y, x]
        size += np.bincount(ids, minlength=count)
        rows += np.bincount(ids, y, minlength=count)
        columns += np.bincount(ids, x, minlength=count)
    there = np.maximum(size, 1)
    return np.stack([rows / there, columns / there], axis=1).astype(np.int64)


def _nothing_set_aside(all_corrections: list[Corrections], kind: Kind, sides: list[Side]) -> Holdout:
    none = [np.zeros_like(side.validation) for side in sides]
    everything = tuple(Side(np.ones(one.shape, bool), one, one) for one in none)
    count = sum(_count(c, side.training, kind) for c, side in zip(all_corrections, everything, strict=True))
    return Holdout(
        everything,
        count,
        0,
        "The corrections are too close together to set some aside, so the result cannot be judged: "
        f"{'correct objects' if kind == 'instances' else 'paint areas'} in other parts of the image as well.",
    )


def _counts(
    sides: Sequence[Side], training_data: Sequence[tuple[str, Corrections]], kind: Kind
) -> tuple[int, int, int]:
    """Whole objects (for classes: voxels) that teach, that choose and that judge."""
    taught = chosen = judged = 0
    for side, (_, corrections) in zip(sides, training_data, strict=True):
        taught += _count(corrections, side.training, kind)
        chosen += _count(corrections, side.choosing > 0, kind)
        judged += _count(corrections, side.validation > 0, kind)
    return taught, chosen, judged


def _count(corrections: Corrections, where: Mask, kind: Kind) -> int:
    """Whole objects (for classes: voxels) of a part of the corrections."""
    if kind == "classes":
        return int((where & (corrections.confirmed > 0)).sum())
    frames = zip(corrections.labels, whole_sections(corrections.labels, corrections.confirmed) & where, strict=True)
    return sum(len(np.unique(labels[whole])) for labels, whole in frames)


def _why_not(
    kind: Kind, count: int, sides: Sequence[Side], training_data: Sequence[tuple[str, Corrections]], enough: int
) -> str:
    if kind == "instances":
        if count >= enough:
            return ""
        few = "is only 1 whole object" if count == 1 else f"are only {count} whole objects"
        return f"Among the corrections set aside there {few}, fewer than {enough}: too few to judge."
    values = {int(v) for side, (_, c) in zip(sides, training_data, strict=True) for v in _values(c, side)}
    if count >= ENOUGH_VOXELS and len(values) > 1:
        return ""
    if len(values) < 2:
        return (
            "All corrections that were set aside are of one class: paint areas of another class, or background, "
            "in several places."
        )
    few = "is only 1 pixel" if count == 1 else f"are only {count:,} pixels"
    return f"Among the corrections set aside there {few}, fewer than {ENOUGH_VOXELS:,}: too few to judge."


def _values(corrections: Corrections, side: Side) -> set[int]:
    values = set(np.unique(corrections.labels[side.validation == AS_LABELLED]).tolist())
    return values | ({0} if (side.validation == BACKGROUND).any() else set())
