"""Scores of a recipe's model by kind of image, and the choice of its decoding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from napari_apprentice.data.instances import decode
from napari_apprentice.data.scores import THRESHOLDS, Matches, matches
from napari_apprentice.settings import DecodeSettings


@dataclass(frozen=True)
class Example:
    """One annotated image: pixels and labels (Y, X), the kind of image and the group that must not be torn apart."""

    name: str
    kind: str
    group: str
    pixels: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class KindScore:
    """Scores of one kind of image at `THRESHOLDS`: the mean over images and that of all objects together."""

    images: int
    objects: int
    mean: tuple[float, ...]
    pooled: tuple[float, ...]


def by_kind(examples: Sequence[Example], counts: Sequence[list[Matches]]) -> dict[str, KindScore]:
    """Average precision for each kind of image, from the matches of every image."""
    scores = {}
    for kind in dict.fromkeys(example.kind for example in examples):
        mine = [c for example, c in zip(examples, counts, strict=True) if example.kind == kind]
        columns = list(zip(*mine, strict=True))
        objects = sum(c[0].true_positives + c[0].false_negatives for c in mine)
        mean = tuple(float(np.mean([m.average_precision for m in column])) for column in columns)
        pooled = tuple(_sum(column).average_precision for column in columns)
        scores[kind] = KindScore(len(mine), objects, mean, pooled)
    return scores


def judge(examples: Sequence[Example], segment: Callable[[Example], np.ndarray]) -> list[list[Matches]]:
    """Matches at `THRESHOLDS` of every example, segmented to labels (Y, X)."""
    return [matches(example.labels[None], segment(example)[None], THRESHOLDS) for example in examples]


def choose_decoding(examples: Sequence[Example], predictions: Sequence[np.ndarray]) -> tuple[DecodeSettings, float]:
    """The decoding with the best score on predictions (2, 1, Y, X): the mean of AP .50 and .75 over kinds of image."""
    best, highest = DecodeSettings(), -1.0
    for foreground, prominence in product((0.35, 0.45, 0.55, 0.65), (0.08, 0.15, 0.25, 0.35)):
        for smallest in (12, 30):
            settings = DecodeSettings(foreground=foreground, prominence=prominence, min_size=smallest)
            labels = [decode(prediction, settings)[0] for prediction in predictions]
            counts = [matches(e.labels, got, THRESHOLDS) for e, got in zip(examples, labels, strict=True)]
            score = float(np.mean([s.mean[:2] for s in by_kind(examples, counts).values()]))
            if score > highest:
                best, highest = settings, score
    return best, highest


def _sum(column: Sequence[Matches]) -> Matches:
    total = column[0]
    for one in column[1:]:
        total = total + one
    return total
