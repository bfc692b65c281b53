"""Scores of the network that is taught, on corrections set aside; on those that taught, how it is decoded best."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from napari_apprentice.data.labels.gains import Tally
from napari_apprentice.data.models import ModelHeader, representation_of
from napari_apprentice.engine import judging
from napari_apprentice.engine.device import Device
from napari_apprentice.engine.judging import CasePredictions, EvaluationCase
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.telling import telling
from napari_apprentice.engine.tune_decoding import Known, tune_decoding
from napari_apprentice.events import Event
from napari_apprentice.settings import DecodeSettings


@dataclass
class Score:
    """What one evaluation came to; ``fine`` also tells apart what the score does not."""

    loss: float
    score: float
    fine: float


@dataclass(frozen=True)
class Precision:
    """On so many whole ``objects`` (of classes: voxels) the ``score``, and the share of what is found that is right."""

    objects: int
    score: float
    right: float


class Evaluator:
    """Evaluates one network as it is at the time; every method yields ``beat(what)`` so that a cancel is noticed."""

    def __init__(
        self,
        net: nn.Module,
        device: Device,
        header: ModelHeader,
        objective: Objective,
        beat: Callable[[str], Event],
    ) -> None:
        self._net = net
        self._device = device
        self._header = header
        self._representation = representation_of(header)
        self._objective = objective
        self._beat = beat

    def predict_cases(
        self, cases: Sequence[EvaluationCase], what: str = "Judging"
    ) -> Generator[Event, None, CasePredictions]:
        """What the network predicts, and its loss."""
        header = self._header
        steps = judging.predict_cases(
            self._net, header.net, cases, self._objective, header.normalize.gain, self._device
        )
        return (yield from telling(steps, lambda _: [self._beat(what)]))

    def evaluate(self, cases: Sequence[EvaluationCase], decode: DecodeSettings) -> Generator[Event, None, Score | None]:
        """How well it does; None when there is nothing to judge by."""
        if not cases:
            return None
        predicted = yield from self.predict_cases(cases)
        return self.score(cases, predicted, decode)

    def score(self, cases: Sequence[EvaluationCase], predicted: CasePredictions, decode: DecodeSettings) -> Score:
        """What predictions come to: mean Dice of classes, or average precision at IoU .5 and beyond."""
        if self._representation.kind == "classes":
            score = judging.class_scores(
                cases, predicted, self._representation, [one.value for one in self._header.classes]
            )
            return Score(predicted.loss, score, score)
        found = judging.match_cases(cases, predicted, self._representation, decode)
        fine = float(np.mean([one.average_precision for one in found]))
        return Score(predicted.loss, found[0].average_precision, 0.5 * (found[0].average_precision + fine))

    def judge(
        self, cases: Sequence[EvaluationCase], decode: DecodeSettings
    ) -> Generator[Event, None, tuple[Score, Tally] | None]:
        """How well it does, also object by object; None when there is nothing to judge by."""
        if not cases:
            return None
        predicted = yield from self.predict_cases(cases)
        return self.score(cases, predicted, decode), judging.tally(
            cases, predicted, self._representation, decode, [one.value for one in self._header.classes]
        )

    def precision(
        self, cases: Sequence[EvaluationCase], decode: DecodeSettings
    ) -> Generator[Event, None, Precision | None]:
        """How well it does on cases, and how many of the objects it finds there are right; None without cases."""
        if not cases:
            return None
        predicted = yield from self.predict_cases(cases)
        score = self.score(cases, predicted, decode).score
        if self._representation.kind == "classes":
            return Precision(sum(int((case.confirmed > 0).sum()) for case in cases), score, score)
        first = judging.match_cases(cases, predicted, self._representation, decode)[0]
        found = first.true_positives + first.false_positives
        return Precision(
            first.true_positives + first.false_negatives, score, first.true_positives / found if found else score
        )

    def choose_decoding(
        self, cases: Sequence[EvaluationCase], parent_score: float | None
    ) -> Generator[Event, None, DecodeSettings]:
        """How to separate objects, chosen on what taught; ``parent_score`` as in `tune_decoding.Known`."""
        known, what = Known(self._header.decode, parent_score), "Choosing how to separate objects"
        if not self._representation.choices:
            return known.decode
        predicted = yield from self.predict_cases(cases, what)
        tries = tune_decoding(cases, predicted, self._representation, known, sections=True)
        return (yield from telling(tries, lambda _: [self._beat(what)]))
