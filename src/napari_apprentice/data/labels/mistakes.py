"""Which objects are wrong and how: missed, made up, merged with another or cut."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels import scores
from napari_apprentice.data.labels.scores import Known, Overlap

MistakeKind = Literal["missed", "false", "merged", "cut"]
KINDS: tuple[MistakeKind, ...] = get_args(MistakeKind)

_MOSTLY = 0.5  # of an object lies in another
_PIECE = 0.1  # of an object; less is a crumb and no piece of it


@dataclass(frozen=True)
class Mistakes:
    """Objects of the annotation that were ``missed``, ``merged`` with another or ``cut``, and ``false`` ones.

    At IoU .50. An object is merged when half of it lies in a found object that also holds half of another one, and
    cut when two found objects, each a tenth of it or more, lie mostly in it (after Caicedo et al., Cytometry A 2019);
    then it is not missed, and what was found there is not false.
    """

    missed: int = 0
    false: int = 0
    merged: int = 0
    cut: int = 0

    def __add__(self, other: Mistakes) -> Mistakes:
        return Mistakes(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))


def mistakes_in(table: Overlap, known: Known | None = None) -> Mistakes:
    """Count the mistakes in a contingency table; of what is not ``known`` (`scores.known_in`) nothing counts."""
    return Mistakes(**{kind: int(rows.sum()) for kind, rows in wrong_rows(table, known).items()})


def wrong_rows(table: Overlap, known: Known | None = None) -> dict[MistakeKind, NDArray[np.bool_]]:
    """The rows that each kind of mistake is about: of what was found for false ones, else of the annotation."""
    objects = np.ones(len(table.truth_size), bool) if known is None else known.truth
    judged = np.ones(len(table.predicted_size), bool) if known is None else known.predicted
    counts = objects[table.truth]
    of_truth = table.shared / table.truth_size[table.truth]
    of_found = table.shared / table.predicted_size[table.predicted]
    holds = (of_truth >= _MOSTLY) & counts
    many = np.bincount(table.predicted[holds], minlength=len(table.predicted_size)) > 1
    merged = _marked(table.truth[holds & many[table.predicted]], table.truth_size)
    pieces = (of_found >= _MOSTLY) & (of_truth >= _PIECE) & counts
    cut = np.bincount(table.truth[pieces], minlength=len(table.truth_size)) > 1
    explained = many | _marked(table.predicted[(of_found >= _MOSTLY) & cut[table.truth]], table.predicted_size)
    alone, unasked = unmatched_rows(table)
    return {
        "missed": objects & alone & ~merged & ~cut,
        "false": judged & unasked & ~explained,
        "merged": merged,
        "cut": cut,
    }


def unmatched_rows(table: Overlap) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows of the annotation and of what was found that have no partner at IoU .50."""
    good = table.iou >= scores.THRESHOLDS[0]
    return ~_marked(table.truth[good], table.truth_size), ~_marked(table.predicted[good], table.predicted_size)


def unmatched_in(truth: NDArray[Any], found: NDArray[Any]) -> NDArray[np.bool_]:
    """Where the objects without a partner lie, of the annotation or found; an array of their shape."""
    lost, extra = unmatched_rows(scores.overlap(truth, found))
    where = np.zeros(truth.shape, bool)
    for labels, alone in ((truth, lost), (found, extra)):
        where |= np.isin(labels, np.unique(labels[labels > 0])[alone])
    return where


def _marked(rows: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.bool_]:
    mark = np.zeros(len(of), bool)
    mark[rows] = True
    return mark
