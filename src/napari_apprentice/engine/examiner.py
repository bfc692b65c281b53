"""Examines the network that is taught: on corrections set aside, and on those that taught, to choose the decoding."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from napari_apprentice.data.models import ModelHeader, representation_of
from napari_apprentice.engine import judging, refit
from napari_apprentice.engine.device import Device
from napari_apprentice.engine.judging import Exam, Verdict
from napari_apprentice.engine.losses import Objective
from napari_apprentice.events import Event
from napari_apprentice.settings import DecodeSettings


@dataclass
class Mark:
    """What one examination came to; ``fine`` also tells apart what the score does not."""

    loss: float
    score: float
    fine: float


class Examiner:
    """Examines one network as it is at the time; every method yields ``beat(what)`` so that a cancel is noticed."""

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

    def sit(self, exams: Sequence[Exam], what: str = "Judging") -> Generator[Event, None, Verdict]:
        """What the network predicts, and its loss."""
        header = self._header
        steps = judging.sit(self._net, header.net, exams, self._objective, header.normalize.gain, self._device)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                verdict: Verdict = end.value
                return verdict
            yield self._beat(what)

    def mark(self, exams: Sequence[Exam], decode: DecodeSettings) -> Generator[Event, None, Mark | None]:
        """How well it does; None when there is nothing to judge by."""
        if not exams:
            return None
        verdict = yield from self.sit(exams)
        return self.score(exams, verdict, decode)

    def score(self, exams: Sequence[Exam], verdict: Verdict, decode: DecodeSettings) -> Mark:
        """What predictions come to: mean Dice of classes, or average precision at IoU .5 and beyond."""
        if self._representation.kind == "classes":
            score = judging.class_marks(
                exams, verdict, self._representation, [one.value for one in self._header.classes]
            )
            return Mark(verdict.loss, score, score)
        found = judging.marks(exams, verdict, self._representation, decode)
        fine = float(np.mean([one.average_precision for one in found]))
        return Mark(verdict.loss, found[0].average_precision, 0.5 * (found[0].average_precision + fine))

    def decoding(self, exams: Sequence[Exam]) -> Generator[Event, None, DecodeSettings]:
        """How to separate objects, chosen on what taught."""
        first, what = self._header.decode, "Choosing how to separate objects"
        if not self._representation.choices:
            return first
        verdict = yield from self.sit(exams, what)
        tries = refit.decoding(exams, verdict, self._representation, first, sections=True)
        while True:
            try:
                next(tries)
            except StopIteration as end:
                chosen: DecodeSettings = end.value
                return chosen
            yield self._beat(what)
