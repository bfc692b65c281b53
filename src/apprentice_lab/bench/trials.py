"""One network on one small task: it learns, its decoding is chosen on training images, and dev is judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from apprentice_lab.bench.experiment import TrainingSettings
from apprentice_lab.bench.tasks import BenchTask, Example, Labels
from napari_apprentice.architecture import NetSettings
from napari_apprentice.settings import DecodeSettings, Triple


class PatchSource(Protocol):
    """What is learned from: patches (z, y, x) of objects or classes, so many at once."""

    @property
    def kind(self) -> Literal["instances", "classes"]:
        """Objects or classes."""

    @property
    def patch(self) -> Triple:
        """Size of a patch."""

    @property
    def batch(self) -> int:
        """How many at once."""


@dataclass(frozen=True)
class TrialEvaluation:
    """How a network is judged: ``choose`` its decoding by predictions of ``fits``, ``decode``, and ``score`` dev."""

    fits: Sequence[Example]
    dev: Sequence[Example]
    choose: Callable[[Sequence[Example], Sequence[NDArray[Any]]], DecodeSettings]
    decode: Callable[[NDArray[Any], DecodeSettings], Labels]
    score: Callable[[Sequence[Example], Sequence[Labels]], dict[str, float]]


def evaluation_of(task: BenchTask, train: Sequence[Example], dev: Sequence[Example]) -> TrialEvaluation:
    """As the task itself is judged."""
    return TrialEvaluation(task.fitting(train), dev, task.choose, task.decode, task.score)


@dataclass(frozen=True)
class Outcome:
    """Scores of dev by name, labels (Z, Y, X) of its images, the decoding; processor seconds per step and to decode.

    ``learn_s`` and ``fit_s`` are seconds on the clock: learning and predicting, and choosing the decoding.
    """

    scores: dict[str, float]
    found: list[Labels]
    decode: DecodeSettings
    step_s: float
    learn_s: float
    fit_s: float
    decode_s: float

    @property
    def words(self) -> str:
        """The scores and the speed, to be read."""
        scored = ", ".join(f"{key} {value:.3f}" for key, value in self.scores.items())
        return f"{scored}, {self.step_s:.2f} s per step"


def run_trial(
    what: PatchSource,
    net: NetSettings,
    train: Sequence[Example],
    evaluation: TrialEvaluation,
    settings: TrainingSettings,
    seed: int,
    checkpoint: Path,
    *,
    known: Mapping[str, NDArray[Any]] | None = None,
    representation: str = "log-distance",
    upright: bool = False,
) -> Outcome:
    """Train `net` from scratch and judge it; goes on from `checkpoint` when an earlier attempt was interrupted.

    `known` says what is confirmed in each training image, by its name; None: all.
    """
    from apprentice_lab.training.trial import TrialPlan, trial  # here: it loads torch

    plan = TrialPlan(
        what.kind, what.patch, what.batch, settings.steps, settings.rate, seed, representation, upright=upright
    )
    began = time.monotonic()
    learned = trial(
        net,
        plan,
        [(one.pixels, one.labels) for one in train],
        [one.pixels for one in (*evaluation.fits, *evaluation.dev)],
        checkpoint,
        None if known is None else [known[one.name] for one in train],
    )
    learned_at = time.monotonic()
    decoding = evaluation.choose(evaluation.fits, learned.predictions[: len(evaluation.fits)])
    fitted_at, busy = time.monotonic(), time.process_time()
    found = [evaluation.decode(prediction, decoding) for prediction in learned.predictions[len(evaluation.fits) :]]
    busy = time.process_time() - busy
    return Outcome(
        scores=evaluation.score(evaluation.dev, found),
        found=found,
        decode=decoding,
        step_s=learned.step_s,
        learn_s=learned_at - began,
        fit_s=fitted_at - learned_at,
        decode_s=busy,
    )
