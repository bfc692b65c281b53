"""Scores of a recipe's model by kind of image, and the choice of its decoding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from napari_apprentice.data.labels.scores import THRESHOLDS, Matches, matches
from napari_apprentice.settings import DecodeSettings

Predicted = TypeVar("Predicted")

ALL = "all fluorescence"
_DIFFERENCE = 0.001  # between two scores: less is chance
_CHOICES = {
    "foreground": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "prominence": (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4),
    "confidence": (0.0, 0.7, 0.75, 0.8, 0.85, 0.9),
    "min_size": (8, 12, 20, 50, 100),
}


@dataclass(frozen=True)
class AnnotatedImage:
    """One annotated image: pixels and labels (Y, X), or (Z, Y, X); its kind; the group that must not be torn apart.

    ``colours`` (3, Y, X) are what ``pixels`` were made of, where an image is in colour.
    """

    name: str
    kind: str
    group: str
    pixels: np.ndarray
    labels: np.ndarray
    colours: np.ndarray | None = None


@dataclass(frozen=True)
class KindScore:
    """Scores of one kind of image at `THRESHOLDS`: the mean over images and that of all objects together."""

    images: int
    objects: int
    mean: tuple[float, ...]
    pooled: tuple[float, ...]


Report = dict[str, KindScore]


def by_kind(examples: Sequence[AnnotatedImage], counts: Sequence[list[Matches]]) -> Report:
    """Average precision for each kind of image and for all fluorescence, from the matches of every image."""
    scores = {}
    fluorescence = sorted({example.kind for example in examples if example.kind.startswith("fluo")})
    groups = {kind: {kind} for kind in dict.fromkeys(example.kind for example in examples)}
    for kind, members in {**groups, ALL: set(fluorescence)}.items():
        mine = [c for example, c in zip(examples, counts, strict=True) if example.kind in members]
        if not mine:
            continue
        columns = list(zip(*mine, strict=True))
        objects = sum(c[0].true_positives + c[0].false_negatives for c in mine)
        mean = tuple(float(np.mean([m.average_precision for m in column])) for column in columns)
        pooled = tuple(_sum(column).average_precision for column in columns)
        scores[kind] = KindScore(len(mine), objects, mean, pooled)
    return scores


def compare(examples: Sequence[AnnotatedImage], methods: Mapping[str, Sequence[np.ndarray]]) -> dict[str, Report]:
    """Scores by kind of image for every method, given the labels (Y, X) it found in every example."""
    return {
        name: by_kind(examples, [matches(e.labels, got, THRESHOLDS) for e, got in zip(examples, found, strict=True)])
        for name, found in methods.items()
    }


def choose_decoding(
    examples: Sequence[AnnotatedImage],
    predictions: Sequence[Predicted],
    decode: Callable[[Predicted, DecodeSettings], np.ndarray],
) -> tuple[DecodeSettings, float]:
    """The settings with which `decode` makes the best labels (Y, X): mean AP .50, .75 and .90 over kinds of image.

    One setting after the other, twice around: each depends little on the others. What makes no difference stays as it
    usually is.
    """
    best, highest = DecodeSettings(), -1.0
    for name, values in 2 * list(_CHOICES.items()):
        for value in values:
            settings = best.model_copy(update={name: value})
            found = [decode(prediction, settings) for prediction in predictions]
            report = compare(examples, {"model": found})["model"]
            score = float(np.mean([kind.mean for kind_name, kind in report.items() if kind_name != ALL]))
            if score > highest + _DIFFERENCE:
                best, highest = settings, score
    return best, highest


def _sum(column: Sequence[Matches]) -> Matches:
    total = column[0]
    for one in column[1:]:
        total = total + one
    return total
