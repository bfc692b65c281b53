"""One network on one small task: it learns, its decoding is chosen on training images, and dev is judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from apprentice_lab.bench.tasks import TASKS, Labels, TaskName, read
from napari_apprentice.architecture import NetSettings
from napari_apprentice.settings import DecodeSettings


@dataclass(frozen=True)
class Outcome:
    """Scores of dev by name, labels (Z, Y, X) of its images, the decoding, and processor seconds per step."""

    scores: dict[str, float]
    found: list[Labels]
    decode: DecodeSettings
    step_s: float


def tried(
    name: TaskName, net: NetSettings, data: Path, checkpoint: Path, *, steps: int, rate: float, seed: int
) -> Outcome:
    """Train `net` from scratch and judge it; goes on from `checkpoint` when an earlier attempt was interrupted."""
    from apprentice_lab.training.trial import Lesson, trial  # here: it loads torch

    task = TASKS[name]
    train, dev = read(name, data)
    fits = task.fitting(train)
    learned = trial(
        net,
        Lesson(task.kind, task.patch, task.batch, steps, rate, seed),
        [(one.pixels, one.labels) for one in train],
        [one.pixels for one in (*fits, *dev)],
        checkpoint,
    )
    decoding = task.choose(fits, learned.predictions[: len(fits)])
    found = [task.decode(prediction, decoding) for prediction in learned.predictions[len(fits) :]]
    return Outcome(task.score(dev, found), found, decoding, learned.step_s)
