"""What a user wants to know of a model: scores of whole images, and which mistakes it makes how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data import scores
from napari_apprentice.data.scores import Overlap

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
        return Mistakes(
            self.missed + other.missed, self.false + other.false, self.merged + other.merged, self.cut + other.cut
        )


@dataclass(frozen=True)
class ImageScore:
    """How well one image was segmented.

    ``precision`` is AP at the IoU of `scores.THRESHOLDS`; it, ``panoptic_quality`` (at .50) and ``mistakes`` are None
    for classes. ``dice`` is that of the foreground, or of each class by its name, None for one that is in neither.
    """

    name: str
    annotated: int
    found: int
    dice: Mapping[str, float | None]
    precision: tuple[float, ...] | None = None
    panoptic_quality: float | None = None
    mistakes: Mistakes | None = None

    @property
    def mean_dice(self) -> float:
        """Over what is there at all."""
        return scores.mean_dice(dict(enumerate(self.dice.values())))

    @property
    def rank(self) -> float:
        """What images are put in order by: AP .50, or Dice of classes."""
        return self.mean_dice if self.precision is None else self.precision[0]


@dataclass(frozen=True)
class Evaluation:
    """The scores of all images."""

    images: Sequence[ImageScore] = field(default_factory=tuple)

    @property
    def precision(self) -> tuple[float, ...]:
        """Mean AP over images, at `scores.THRESHOLDS`; empty for classes."""
        columns = zip(*(one.precision for one in self.images if one.precision is not None), strict=True)
        return tuple(float(np.mean(column)) for column in columns)

    @property
    def panoptic_quality(self) -> float | None:
        """Mean over images."""
        values = [one.panoptic_quality for one in self.images if one.panoptic_quality is not None]
        return float(np.mean(values)) if values else None

    @property
    def dice(self) -> dict[str, float | None]:
        """Mean of each class over the images where it is in the annotation or was found."""
        names = dict.fromkeys(name for one in self.images for name in one.dice)
        means: dict[str, float | None] = {}
        for name in names:
            values = [value for one in self.images if (value := one.dice.get(name)) is not None]
            means[name] = float(np.mean(values)) if values else None
        return means

    @property
    def mistakes(self) -> Mistakes:
        """Of all images together."""
        return sum((one.mistakes for one in self.images if one.mistakes is not None), Mistakes())


def score_objects(name: str, truth: NDArray[Any], found: NDArray[Any]) -> ImageScore:
    """Scores of instances: two label arrays of one shape."""
    table = scores.overlap(truth, found)
    matches = scores.matches_of(table)
    return ImageScore(
        name=name,
        annotated=len(table.truth_size),
        found=len(table.predicted_size),
        dice={"foreground": scores.dice(truth > 0, found > 0, (1,))[1]},
        precision=tuple(one.average_precision for one in matches),
        panoptic_quality=matches[0].panoptic_quality,
        mistakes=mistakes_in(table),
    )


def score_classes(name: str, truth: NDArray[Any], found: NDArray[Any], classes: Mapping[int, str]) -> ImageScore:
    """Scores of classes, which ``classes`` names by value: two label arrays of one shape."""
    dice = scores.dice(truth, found, tuple(classes))
    there = [len(np.unique(labels[labels > 0])) for labels in (truth, found)]
    return ImageScore(name, there[0], there[1], {classes[value]: one for value, one in dice.items()})


def mistakes_in(table: Overlap) -> Mistakes:
    """Count the mistakes in a contingency table."""
    of_truth = table.shared / table.truth_size[table.truth]
    of_found = table.shared / table.predicted_size[table.predicted]
    holds = of_truth >= _MOSTLY
    many = np.bincount(table.predicted[holds], minlength=len(table.predicted_size)) > 1
    merged = _marked(table.truth[holds & many[table.predicted]], table.truth_size)
    pieces = (of_found >= _MOSTLY) & (of_truth >= _PIECE)
    cut = np.bincount(table.truth[pieces], minlength=len(table.truth_size)) > 1
    explained = many | _marked(table.predicted[(of_found >= _MOSTLY) & cut[table.truth]], table.predicted_size)
    alone, unasked = unmatched(table)
    return Mistakes(
        missed=int((alone & ~merged & ~cut).sum()),
        false=int((unasked & ~explained).sum()),
        merged=int(merged.sum()),
        cut=int(cut.sum()),
    )


def unmatched(table: Overlap) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows of the annotation and of what was found that have no partner at IoU .50."""
    good = table.iou >= scores.THRESHOLDS[0]
    return ~_marked(table.truth[good], table.truth_size), ~_marked(table.predicted[good], table.predicted_size)


def _marked(rows: NDArray[np.int64], of: NDArray[np.int64]) -> NDArray[np.bool_]:
    mark = np.zeros(len(of), bool)
    mark[rows] = True
    return mark


def unmatched_in(truth: NDArray[Any], found: NDArray[Any]) -> NDArray[np.bool_]:
    """Where the objects without a partner lie, of the annotation or found; an array of their shape."""
    lost, extra = unmatched(scores.overlap(truth, found))
    where = np.zeros(truth.shape, bool)
    for labels, alone in ((truth, lost), (found, extra)):
        where |= np.isin(labels, np.unique(labels[labels > 0])[alone])
    return where
