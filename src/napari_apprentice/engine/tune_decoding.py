"""How a prediction is decoded, chosen on the corrections that taught; never on those set aside.

Where objects end and which touch is chosen by average precision. That says nothing about what the network invents
where nobody looked: whatever is smaller or more doubtful than nearly all corrected objects are is dropped.

The decoding of a model that is taught further was chosen on many images, and a few corrections say less than these.
Below some objects it stays; and where the model did well on corrections new to it, it drops no more than before.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from napari_apprentice.data.labels.corrections import AS_LABELLED
from napari_apprentice.data.labels.scores import overlap
from napari_apprentice.data.representations import Representation
from napari_apprentice.engine.judging import CasePredictions, EvaluationCase, match_cases
from napari_apprentice.settings import DecodeSettings

_FEWEST = 6  # objects to choose by
_GOOD = 0.5  # the score from which a model's own limits of size and probability are trusted
_SOME = 8  # objects to choose otherwise by than a model that did badly
_MANY = 20  # objects from which a quantile means something; and to choose otherwise by than one that did well
_SMALLEST = 0.25  # of a typical object, with fewer
_UNUSUAL = 0.05  # share of corrected objects that may be dropped
# What was corrected has been learned by heart: objects that were not are less certain, and more often found in part.
_SMALLER, _LESS_SURE = 0.5, 0.08


@dataclass(frozen=True)
class Known:
    """How a model decodes that had this ``score`` on corrections new to it; None: a fresh network."""

    decode: DecodeSettings
    score: float | None = None


def tune_decoding(
    cases: Sequence[EvaluationCase],
    predicted: CasePredictions,
    representation: Representation,
    known: Known,
    *,
    sections: bool,
) -> Generator[None, None, DecodeSettings]:
    """The best decoding of the predictions in ``predicted``, of the choices there are for it; yields after each try.

    One setting after the other: each depends little on the others. Of equals the one nearest to the ``known`` stays.
    """
    first, is_fresh = known.decode, known.score is None
    is_good = known.score is not None and known.score >= _GOOD
    best = first.model_copy(update={"confidence": 0.0, "min_size": 4})
    top, objects = _score(cases, predicted, representation, best, sections=sections)
    if objects < _FEWEST:
        return best.model_copy(update={"min_size": min(12, first.min_size)}) if is_fresh else first
    enough = _FEWEST if is_fresh else _MANY if is_good else _SOME
    for name, values in representation.choices.items() if objects >= enough else ():
        for value in values:
            tried = best.model_copy(update={name: value})
            if tried == best:
                continue
            score, _ = _score(cases, predicted, representation, tried, sections=sections)
            yield
            if score > top + 0.005:
                best, top = tried, score
    before = best if is_fresh else first
    min_size, confidence = _unusual(cases, predicted, representation, best) or (before.min_size, before.confidence)
    if is_good:
        min_size, confidence = min(min_size, first.min_size), min(confidence, first.confidence)
    return best.model_copy(update={"min_size": min_size, "confidence": confidence})


def _score(
    cases: Sequence[EvaluationCase],
    predicted: CasePredictions,
    representation: Representation,
    settings: DecodeSettings,
    *,
    sections: bool,
) -> tuple[float, int]:
    found = match_cases(cases, predicted, representation, settings, sections=sections)
    objects = found[0].true_positives + found[0].false_negatives
    return float(np.mean([one.average_precision for one in found])), objects


def _unusual(
    cases: Sequence[EvaluationCase],
    predicted: CasePredictions,
    representation: Representation,
    settings: DecodeSettings,
) -> tuple[int, float] | None:
    """The size and the probability that nearly all objects have that were corrected and found; None: of too few."""
    sizes: list[float] = []
    confidences: list[float] = []
    for case, prediction in zip(cases, predicted.predictions, strict=True):
        proposed = representation.decode(prediction, settings)
        truth = np.where(case.confirmed == AS_LABELLED, case.labels, 0)
        table = overlap(truth, proposed)
        names = np.unique(proposed[proposed > 0])
        area = np.bincount(proposed.ravel())[names]
        mean = np.bincount(proposed.ravel(), prediction[0].ravel())[names] / area
        same = table.predicted[table.iou > 0.5]
        sizes += area[same].tolist()
        confidences += mean[same].tolist()
    if len(sizes) < _FEWEST:
        return None
    smallest = np.quantile(sizes, _UNUSUAL) * _SMALLER if len(sizes) >= _MANY else _SMALLEST * np.median(sizes)
    doubtful = np.quantile(confidences, _UNUSUAL) if len(sizes) >= _MANY else np.min(confidences)
    return int(max(4, smallest)), float(max(0.0, doubtful - _LESS_SURE))
