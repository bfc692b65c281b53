"""What a user wants to know of a model: scores of whole images, and which mistakes it makes how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_apprentice.data.labels import scores
from napari_apprentice.data.labels.compared import ComparedObjects, sure_of
from napari_apprentice.data.labels.mistakes import Mistakes


@dataclass(frozen=True)
class ImageScore:
    """How well one image was segmented. Where it is annotated in part, only that counts.

    ``precision`` is AP at the IoU of `scores.THRESHOLDS`; it, ``panoptic_quality`` (at .50) and ``mistakes`` are None
    for classes. ``dice`` is that of the foreground, or of each class by its name, None for one that is in neither.
    ``pixel_accuracy`` is the share of voxels with the right class, background being one; None for objects.
    """

    name: str
    annotated: int
    found: int
    dice: Mapping[str, float | None]
    precision: tuple[float, ...] | None = None
    panoptic_quality: float | None = None
    mistakes: Mistakes | None = None
    pixel_accuracy: float | None = None

    @property
    def mean_iou(self) -> float:
        """Intersection over union of what ``dice`` is of, the mean over what is there at all."""
        iou = (None if one is None else one / (2 - one) for one in self.dice.values())
        return scores.mean_dice(dict(enumerate(iou)))

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
        return _mean([one.panoptic_quality for one in self.images if one.panoptic_quality is not None])

    @property
    def mean_iou(self) -> float | None:
        """Mean over images of classes; None for objects."""
        return _mean([one.mean_iou for one in self.images if one.precision is None])

    @property
    def pixel_accuracy(self) -> float | None:
        """Mean over images of classes; None for objects."""
        return _mean([one.pixel_accuracy for one in self.images if one.pixel_accuracy is not None])

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


def score_objects(
    name: str, truth: NDArray[Any], found: NDArray[Any], confirmed: NDArray[Any] | None = None
) -> ImageScore:
    """Scores of instances: two label arrays of one shape, and what of the first is known (None: all)."""
    return score_compared(name, ComparedObjects(truth, found, confirmed))


def score_compared(name: str, compared: ComparedObjects) -> ImageScore:
    """The scores that a comparison comes to."""
    return ImageScore(
        name=name,
        annotated=compared.annotated,
        found=compared.predicted,
        dice={"foreground": compared.dice},
        precision=tuple(one.average_precision for one in compared.matches),
        panoptic_quality=compared.matches[0].panoptic_quality,
        mistakes=compared.mistakes,
    )


def score_classes(
    name: str,
    truth: NDArray[Any],
    found: NDArray[Any],
    classes: Mapping[int, str],
    confirmed: NDArray[Any] | None = None,
) -> ImageScore:
    """Scores of classes, which ``classes`` names by value: arrays as of `score_objects`."""
    sure = None if confirmed is None else sure_of(confirmed)
    dice = scores.dice(truth, found, tuple(classes), sure)
    known = [labels if sure is None else labels[sure] for labels in (truth, found)]
    there = [len(np.unique(labels[labels > 0])) for labels in known]
    right = float((known[0] == known[1]).mean()) if known[0].size else None
    by_name = {classes[value]: one for value, one in dice.items()}
    return ImageScore(name, there[0], there[1], by_name, pixel_accuracy=right)


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
