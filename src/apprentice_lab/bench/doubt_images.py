"""What is known of an image whose objects are judged: what speaks against each, and what is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.mistakes import wrong_rows
from napari_apprentice.data.labels.scores import Overlap, overlap

_RIGHT = 0.5  # IoU


@dataclass(frozen=True, eq=False)
class LookedAt:
    """An image with its proposal.

    Attributes
    ----------
    measures
        Of each proposed object, in ascending order of their ids, by the name of the measure; more is more doubtful.
    wrong
        Which of them are.
    doubts
        As the product has them; ``rows`` are the objects that they are about, -1 for none.
    truth_at
        The row of the annotated object at the point of each doubt, -1 where there is none.
    seconds
        By "predict", "decode" and "doubt".
    """

    name: str
    measures: Mapping[str, NDArray[np.float64]]
    table: Overlap
    wrong: NDArray[np.bool_]
    missed: NDArray[np.bool_]
    doubts: Doubts
    rows: NDArray[np.int64]
    truth_at: NDArray[np.int64]
    spacing: tuple[float, float, float]
    seconds: Mapping[str, float]


def looked_at(
    name: str,
    truth: NDArray[np.uint32],
    labels: NDArray[np.uint32],
    measures: Mapping[str, NDArray[np.float64]],
    doubts: Doubts,
    spacing: tuple[float, float, float],
    seconds: Mapping[str, float],
) -> LookedAt:
    """Judge a proposal (Z, Y, X) by the truth; ``measures`` are of its objects in ascending order of ids."""
    table = overlap(truth, labels)
    best = np.zeros(len(table.predicted_size))
    np.maximum.at(best, table.predicted, table.iou)
    place = tuple(doubts.points[:, 1:].T)
    rows = np.where(doubts.missed, -1, _rows_at(labels, place))
    missed = wrong_rows(table)["missed"]
    return LookedAt(
        name, measures, table, best < _RIGHT, missed, doubts, rows, _rows_at(truth, place), spacing, seconds
    )


def _rows_at(labels: NDArray[np.uint32], place: tuple[NDArray[np.int64], ...]) -> NDArray[np.int64]:
    """The rows, in ascending order of ids, of the objects at some voxels; -1 where there is none."""
    names, found = np.unique(labels[labels > 0]), labels[place]
    return np.where(found > 0, np.searchsorted(names, found), -1)
