"""The networks that learn: one, or of few corrections at first two, each from one half and judged by the other.

What is learned from half of the corrections is judged by objects that it never saw, all of them in all, where a quarter
set aside would be too few. Both begin as the same parent, so that the mean of their weights is a network that knows
what both learned (Wortsman et al., "Model soups", ICML 2022); it learns on from all corrections, and is what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from itertools import chain

from napari_apprentice.data.labels.gains import Tally
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine.evaluator import Evaluator, Score
from napari_apprentice.engine.judging import EvaluationCase
from napari_apprentice.engine.losses import Objective
from napari_apprentice.engine.material import Lesson
from napari_apprentice.engine.train import Learner, follow
from napari_apprentice.engine.windows import TrainingWindow
from napari_apprentice.events import Event
from napari_apprentice.settings import DecodeSettings

Judged = tuple[Score, Tally]
Decoding = Generator[Event, None, DecodeSettings]


class Pupil:
    """One network that learns; ``decode`` is how its objects are separated so far, ``windows`` teach it."""

    def __init__(
        self,
        lesson: Lesson,
        learner: Learner,
        header: ModelHeader,
        objective: Objective,
        beat: Callable[[str], Event],
    ) -> None:
        self.learner = learner
        self.evaluator = Evaluator(learner.average, learner.device, header, objective, beat)
        self.windows: Sequence[TrainingWindow] = lesson.windows
        self.own, self.judging = lesson.own, lesson.judging
        self.decode = header.decode


class Pupils:
    """One, or two that learn in turn until they `join`; the ``first`` becomes what is kept."""

    def __init__(self, pupils: Sequence[Pupil]) -> None:
        self.every = tuple(pupils)
        self.first = self.every[0]
        self.are_joined = False

    @property
    def are_two(self) -> bool:
        """Whether each learns from one half and is judged by the other."""
        return self.began_as_two and not self.are_joined

    @property
    def began_as_two(self) -> bool:
        """Whether all corrections have taught what is kept."""
        return len(self.every) > 1

    @property
    def steps(self) -> int:
        """Of all together."""
        return sum(one.learner.steps for one in self.every)

    @property
    def next(self) -> tuple[Learner, Sequence[TrainingWindow]]:
        """Whose turn it is, and what is learned from."""
        pupil = self.every[self.steps % len(self.every)]
        return (self.first if self.are_joined else pupil).learner, pupil.windows

    @property
    def own(self) -> tuple[EvaluationCase, ...]:
        """What teaches."""
        return tuple(chain.from_iterable(one.own for one in self.every))

    @property
    def judging(self) -> tuple[EvaluationCase, ...]:
        """What judges."""
        return tuple(chain.from_iterable(one.judging for one in self.every))

    def judge(self) -> Generator[Event, None, Judged | None]:
        """How well each does on what it never saw, all together; None when there is nothing to judge by."""
        found = []
        for one in self.every:
            judged = yield from one.evaluator.judge(one.judging, one.decode)
            if judged is not None:
                found.append(judged)
        return _together(found) if found else None

    def choose_decoding(self, choose: Callable[[Evaluator, Sequence[EvaluationCase]], Decoding]) -> Generator[Event]:
        """Let each decide on what taught it how objects are separated."""
        if self.are_joined:
            self.first.decode = yield from choose(self.first.evaluator, self.own)
            return
        for one in self.every:
            one.decode = yield from choose(one.evaluator, one.own)

    def join(self) -> None:
        """The first becomes the mean of both, and learns from what taught either."""
        first = self.first.learner
        for other in self.every[1:]:
            follow(first.average, other.learner.average, 0.5)
        first.begin_with(first.average.state_dict())
        self.are_joined = True


def _together(found: Sequence[Judged]) -> Judged:
    """What each came to on its own objects, counted as one."""
    if len(found) == 1:
        return found[0]
    tally = found[0][1]
    for _, other in found[1:]:
        tally = tally + other
    loss = sum(score.loss for score, _ in found) / len(found)
    return Score(loss, tally.score_at_first, tally.score), tally
