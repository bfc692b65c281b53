"""How good labels are: matching by intersection over union, average precision, panoptic quality and Dice.

Objects match when their intersection over union (IoU) reaches the threshold. From .50 on an object has at most one
partner, apart from exact ties; ties and lower thresholds are settled by the best assignment. "Average precision" is
the field's TP / (TP + FP + FN) (Data Science Bowl 2018; Schmidt et al. 2018, Stringer et al. 2021), panoptic quality
is Kirillov et al. 2019. Where neither the truth nor the prediction has an object, both are 1: an empty image that is
predicted empty is right. Sum the counts of several images (``a + b``), or average their scores, knowingly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND
from napari_apprentice.data.labels.pairing import one_to_one

THRESHOLDS = (0.5, 0.75, 0.9)
STEPS = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))  # .50 to .95, as the Data Science Bowl averaged over
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Matches:
    """What matched at one IoU ``threshold``; ``iou_sum`` is over the true positives."""

    threshold: float
    true_positives: int
    false_positives: int
    false_negatives: int
    iou_sum: float = 0.0

    def __add__(self, other: Matches) -> Matches:
        if other.threshold != self.threshold:
            raise ValueError(f"counts at IoU {self.threshold} and {other.threshold} cannot be added")
        return Matches(
            self.threshold,
            self.true_positives + other.true_positives,
            self.false_positives + other.false_positives,
            self.false_negatives + other.false_negatives,
            self.iou_sum + other.iou_sum,
        )

    @property
    def average_precision(self) -> float:
        """TP / (TP + FP + FN)."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        """2 TP / (2 TP + FP + FN)."""
        return _ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)

    @property
    def panoptic_quality(self) -> float:
        """Summed IoU of the true positives / (TP + FP/2 + FN/2)."""
        return _ratio(self.iou_sum, self.true_positives + (self.false_positives + self.false_negatives) / 2)


@dataclass(frozen=True)
class Overlap:
    """The sparse contingency table of two label arrays; 0 is no object and has no row.

    ``shared[i]`` voxels belong to both truth object ``truth[i]`` and predicted object ``predicted[i]``, which are
    rows of ``truth_size`` and ``predicted_size``.
    """

    truth: Counts
    predicted: Counts
    shared: Counts
    truth_size: Counts
    predicted_size: Counts

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each pair that shares a voxel."""
        union = self.truth_size[self.truth] + self.predicted_size[self.predicted] - self.shared
        iou: NDArray[np.float64] = self.shared / union
        return iou


@dataclass(frozen=True)
class Known:
    """Which rows of an `Overlap` count where only a part is annotated.

    ``truth``: whole objects, of which every voxel is confirmed. ``predicted``: those of which more than half lies on
    whole objects and confirmed background; of the others nobody knows whether they are right.
    """

    truth: NDArray[np.bool_]
    predicted: NDArray[np.bool_]


def overlap(truth: NDArray[Any], prediction: NDArray[Any]) -> Overlap:
    """Count which objects of two label arrays of one shape share voxels."""
    return _overlap(*_ranks(truth, prediction))


def matches(truth: NDArray[Any], prediction: NDArray[Any], thresholds: Sequence[float] = THRESHOLDS) -> list[Matches]:
    """Matched, spurious and missed objects of two label arrays of one shape, for each IoU threshold."""
    return matches_of(overlap(truth, prediction), thresholds)


def matches_of(table: Overlap, thresholds: Sequence[float] = THRESHOLDS, known: Known | None = None) -> list[Matches]:
    """The same, of objects whose overlap was counted before, or of those ``known``."""
    return [_matches(table, threshold, known) for threshold in thresholds]


def known_in(truth: NDArray[Any], prediction: NDArray[Any], confirmed: NDArray[Any]) -> Known:
    """What counts of two label arrays; ``confirmed`` as in `matches_within`, where 3 (kept) is unknown as well."""
    _same_shape(truth, confirmed)
    true_ranks, predicted_ranks = _ranks(truth, prediction)
    objects, found = int(true_ranks.max(initial=0)) + 1, int(predicted_ranks.max(initial=0)) + 1
    whole = np.bincount(true_ranks[confirmed != AS_LABELLED], minlength=objects) == 0
    whole[0] = False
    sure = predicted_ranks[(confirmed == BACKGROUND) | whole[true_ranks]]
    judged = 2 * np.bincount(sure, minlength=found) > np.bincount(predicted_ranks.ravel(), minlength=found)
    return Known(whole[1:], judged[1:])


def matches_within(
    truth: NDArray[Any],
    prediction: NDArray[Any],
    confirmed: NDArray[Any],
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    sections: bool = True,
) -> list[Matches]:
    """The same where only a part is annotated (``confirmed``: 0 unknown, 1 background, 2 as in ``truth``).

    Only whole objects count, those of which every voxel is confirmed. A prediction without a partner is spurious
    when more than half of it lies on whole objects and confirmed background; elsewhere nobody knows and it is ignored.
    Where all is confirmed this equals `matches`, slice by slice.

    Parameters
    ----------
    truth, prediction, confirmed
        Arrays of one shape (..., Y, X).
    sections
        Judge each XY section by itself: an object corrected on a few slices of a volume can be whole there only.
    """
    _same_shape(truth, confirmed)
    if sections:
        truth, prediction = _sections(truth), _sections(prediction)
    return matches_of(overlap(truth, prediction), thresholds, known_in(truth, prediction, confirmed))


def average_precision(truth: NDArray[Any], prediction: NDArray[Any], threshold: float = 0.5) -> float:
    """TP / (TP + FP + FN) at one IoU threshold."""
    return matches(truth, prediction, (threshold,))[0].average_precision


def dice(
    truth: NDArray[Any], prediction: NDArray[Any], classes: Sequence[int], mask: NDArray[Any] | None = None
) -> dict[int, float | None]:
    """Dice of each class: 2 |A and B| / (|A| + |B|), over ``mask`` only; None for a class that is in neither."""
    parts = dice_parts(truth, prediction, classes, mask)
    return {value: part / whole if whole else None for value, (part, whole) in parts.items()}


def matches_by_object(
    truth: NDArray[Any],
    prediction: NDArray[Any],
    confirmed: NDArray[Any],
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    sections: bool = True,
) -> tuple[Counts, Counts]:
    """`matches_within`, object by object: what is right, and what is right, missed or spurious.

    Both are (objects + 1, thresholds). A row is that of a whole object with the spurious predictions that lie on it
    most; the last is of those that lie on none. Summed over the rows their ratio is the average precision.
    """
    _same_shape(truth, confirmed)
    if sections:
        truth, prediction = _sections(truth), _sections(prediction)
    table, known = overlap(truth, prediction), known_in(truth, prediction, confirmed)
    objects = int(known.truth.sum())
    row = np.where(known.truth, np.cumsum(known.truth) - 1, objects)
    home = np.full(len(table.predicted_size), objects)
    order = np.argsort(table.shared, kind="stable")
    order = order[known.truth[table.truth[order]]]
    home[table.predicted[order]] = row[table.truth[order]]  # the last one stays, of which most is shared
    right = np.zeros((objects + 1, len(thresholds)), np.int64)
    every = np.zeros_like(right)
    every[:objects] = 1
    for k, threshold in enumerate(thresholds):
        pairs = _partners(table, threshold, known.truth)
        right[row[table.truth[pairs]], k] = 1
        alone = known.predicted.copy()
        alone[table.predicted[pairs]] = False
        every[:, k] += np.bincount(home[alone], minlength=objects + 1)
    return right, every


def dice_parts(
    truth: NDArray[Any], prediction: NDArray[Any], classes: Sequence[int], mask: NDArray[Any] | None = None
) -> dict[int, tuple[int, int]]:
    """2 |A and B| and |A| + |B| of each class, which several images can add up before they are divided."""
    _same_shape(truth, prediction)
    if mask is not None:
        truth, prediction = truth[mask > 0], prediction[mask > 0]
    parts = {}
    for value in classes:
        one, two = truth == value, prediction == value
        parts[value] = (2 * int((one & two).sum()), int(one.sum()) + int(two.sum()))
    return parts


def mean_dice(scores: dict[int, float | None]) -> float:
    """The mean over the classes that are there at all; 1 when none is."""
    present = [score for score in scores.values() if score is not None]
    return sum(present) / len(present) if present else 1.0


def _ratio(part: float, total: float) -> float:
    return part / total if total > 0 else 1.0


def _same_shape(one: NDArray[Any], two: NDArray[Any]) -> None:
    if one.shape != two.shape:
        raise ValueError(f"labels of shapes {one.shape} and {two.shape} cannot be compared")


def _ranks(truth: NDArray[Any], prediction: NDArray[Any]) -> tuple[Counts, Counts]:
    """Both as 0 (none), 1..n without gaps."""
    _same_shape(truth, prediction)
    return _dense(truth), _dense(prediction)


def _dense(labels: NDArray[Any]) -> Counts:
    top = int(labels.max(initial=0))
    if top <= max(1 << 24, labels.size):
        used = np.zeros(top + 1, bool)
        used[labels.astype(np.int64, copy=False)] = True
        used[0] = False
        table: Counts = np.where(used, np.cumsum(used), 0)
        dense: Counts = table[labels.astype(np.int64, copy=False)]
        return dense
    names, ranks = np.unique(labels, return_inverse=True)
    ranked: Counts = (ranks.reshape(labels.shape) + (names[0] != 0)).astype(np.int64)
    return ranked


def _overlap(truth: Counts, prediction: Counts) -> Overlap:
    rows, columns = int(truth.max(initial=0)) + 1, int(prediction.max(initial=0)) + 1
    both = (truth > 0) & (prediction > 0)
    keys, shared = np.unique(truth[both] * columns + prediction[both], return_counts=True)
    return Overlap(
        truth=keys // columns - 1,
        predicted=keys % columns - 1,
        shared=shared,
        truth_size=np.bincount(truth.ravel(), minlength=rows)[1:],
        predicted_size=np.bincount(prediction.ravel(), minlength=columns)[1:],
    )


def _matches(table: Overlap, threshold: float, known: Known | None) -> Matches:
    """Match the known truth objects; of the predictions without a partner only the known ones are spurious."""
    counted = np.ones(len(table.truth_size), bool) if known is None else known.truth
    judged = np.ones(len(table.predicted_size), bool) if known is None else known.predicted
    pairs = _partners(table, threshold, counted)
    alone = judged.copy()
    alone[table.predicted[pairs]] = False
    found = len(pairs)
    iou_sum = float(table.iou[pairs].sum())
    return Matches(float(threshold), found, int(alone.sum()), int(counted.sum()) - found, iou_sum)


def _partners(table: Overlap, threshold: float, counted: NDArray[np.bool_]) -> Counts:
    """The pairs of a table, by their places, that match; each object has one partner at most."""
    iou = table.iou
    good = np.flatnonzero((iou >= threshold) & counted[table.truth])
    return good[one_to_one(table.truth[good], table.predicted[good], iou[good])]


def _sections(labels: NDArray[Any]) -> NDArray[np.int64]:
    """Labels in which the same id in another XY slice is another object."""
    ranks = _dense(labels).reshape(-1, *labels.shape[-2:])
    count = int(ranks.max(initial=0))
    plane = np.arange(len(ranks), dtype=np.int64)[:, None, None] * count
    return np.where(ranks > 0, ranks + plane, 0).reshape(labels.shape)
