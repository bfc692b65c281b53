"""Few corrections in two halves, block by block: what is learned from one half is judged by the other, and the reverse.

Of thirty corrected objects a quarter is too little to judge anything by. In halves every one of them judges, once,
what did not learn from it (cross-validation, Stone 1974; with two folds of blocks that lie apart).

::

    a a | b .        blocks with corrections are dealt out, the fullest first, each to the half that has less
    . b | a b        an object belongs to the half of its centroid
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.labels.corrections import AS_LABELLED, Corrections, Mask, rank_ids, whole_sections
from napari_apprentice.data.labels.holdout import (
    MARGIN,
    Holdout,
    Side,
    blocks_of,
    centroids_in,
    objects_in,
    share_out,
)

ENOUGH_ALONE = 24  # objects: where so many are set aside for good, these judge and choose alone
ENOUGH_IN_HALVES = 20  # objects: a dozen hardly show a gain for sure, and teach less in halves (docs/accuracy.md)
FEWEST_OF_A_HALF = 3  # objects, that judge and that teach


@dataclass(frozen=True)
class Halves:
    """All corrected images twice: one half teaches and the other judges (`Side`), and the other way round.

    ``objects`` are the whole ones that judge, of both together.
    """

    one: tuple[Side, ...]
    other: tuple[Side, ...]
    objects: int


def in_halves(training_data: Sequence[tuple[str, Corrections]], holdout: Holdout) -> Halves | None:
    """The corrections of objects in two halves; None where what is set aside is enough, or halves would be too few."""
    if holdout.enough_to_judge and holdout.validation_objects + holdout.choosing_objects >= ENOUGH_ALONE:
        return None
    theirs = _dealt_out(training_data)
    sides = [
        tuple(
            share_out(corrections, mine if first else ~mine, "instances", MARGIN)
            for mine, (_, corrections) in zip(theirs, training_data, strict=True)
        )
        for first in (True, False)
    ]
    judged, taught = [], []
    for half in sides:
        pairs = [(side, corrections) for side, (_, corrections) in zip(half, training_data, strict=True)]
        judged.append(sum(objects_in(corrections, side.validation > 0) for side, corrections in pairs))
        taught.append(sum(objects_in(corrections, side.training) for side, corrections in pairs))
    if min(*judged, *taught) < FEWEST_OF_A_HALF or sum(judged) < ENOUGH_IN_HALVES:
        return None
    return Halves(sides[0], sides[1], sum(judged))


def _dealt_out(training_data: Sequence[tuple[str, Corrections]]) -> list[Mask]:
    """Of each image the pixels (Y, X) of one half; what shares a key is one place, as parts at other z or t are."""
    places = [(key, *corrections.labels.shape[2:]) for key, corrections in training_data]
    names = {place: blocks_of(*place[1:]) for place in places}
    counts = {place: np.zeros(int(blocks.max()) + 1, np.int64) for place, blocks in names.items()}
    for place, (_, corrections) in zip(places, training_data, strict=True):
        counts[place] += _whole_objects_in(corrections, names[place])
    every = [(int(n), place, block) for place, found in counts.items() for block, n in enumerate(found)]
    every.sort(key=lambda one: (-one[0], _drawn(one[1][0], one[2])))
    halves = {place: np.zeros(len(found), bool) for place, found in counts.items()}
    more = [0, 0]
    for n, place, block in every:
        half = int(more[1] < more[0]) if more[0] != more[1] else _drawn(place[0], block)[0] % 2
        more[half] += n
        halves[place][block] = half == 1
    return [halves[place][names[place]] for place in places]


def _whole_objects_in(corrections: Corrections, blocks: np.ndarray) -> np.ndarray:
    """Of each block how many objects have their centroid there."""
    found = np.zeros(int(blocks.max()) + 1, np.int64)
    for labels, sure in zip(corrections.labels, corrections.confirmed == AS_LABELLED, strict=True):
        whole = whole_sections(labels, np.where(sure, np.uint8(AS_LABELLED), np.uint8(0)))
        names, ranks = rank_ids(np.where(whole, labels, 0))
        there = np.unique(ranks[whole])
        found += np.bincount(centroids_in(ranks, len(names), blocks)[there], minlength=len(found))
    return found


def _drawn(key: str, block: int) -> bytes:
    return hashlib.blake2b(f"{key}/half/{block}".encode(), digest_size=8).digest()
