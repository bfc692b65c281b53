"""Three annotated slices per training volume against dense annotation: the same network, steps, patches and seeds.

As in the 3D U-Net's paper (Cicek et al., MICCAI 2016) a few slices of each volume are annotated and all other voxels
have weight 0, background too. ``z``: three slices, one drawn from each third of the depth; ``axes``: one drawn along
each axis. (The same depths in all volumes would leave others without any annotation, and a network dreams up objects
there.) Instances are decoded by what suits the annotated slices of the training volumes best; scores are those of the
whole dev volumes. Interrupted, it goes on when it is run again with the same folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab.bench import report
from apprentice_lab.bench.experiment import Experiment, Processes, Rate, Seeds, Steps, Trained, Width
from apprentice_lab.bench.tasks import TASKS, THRESHOLDS, Example, Labels
from apprentice_lab.bench.trials import TrialEvaluation, run_trial
from apprentice_lab.sets import pictures
from napari_apprentice.architecture import preset
from napari_apprentice.data.labels import instances, scores
from napari_apprentice.data.labels.corrections import AS_LABELLED, BACKGROUND, UNKNOWN
from napari_apprentice.settings import DecodeSettings, NormalizeSettings, Settings, Triple

Layout = Literal["dense", "z", "axes"]
SubjectName = Literal["nuclei-3d", "hippocampus"]
Job = tuple[SubjectName, Layout, int]

GOAL = 0.95  # of the score of dense annotation
_FOREGROUND = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_PROMINENCE = (0.05, 0.1, 0.2, 0.3, 0.4)


class SlicesSettings(Settings):
    """What to compare, and for how long each network may learn."""

    data: Annotated[Path, Field(description="Folder with the nuclei3d sets and sharealike/hippocampus_msd.")] = (
        report.DATA
    )
    subjects: Annotated[tuple[SubjectName, ...], Field(description="What is learned.")] = get_args(SubjectName)
    layouts: Annotated[tuple[Literal["z", "axes"], ...], Field(description="Which slices are annotated.")] = (
        "z",
        "axes",
    )
    seeds: Seeds = (0, 1, 2)
    steps: Steps = 2000
    rate: Rate = 2e-3
    width: Width = 16
    processes: Processes = 2


@dataclass(frozen=True)
class Subject:
    """What is learned from patches (z, y, x) in batches; ``read`` gives the volumes of "train" or "dev"."""

    kind: Literal["instances", "classes"]
    score_name: str
    outputs: int
    patch: Triple
    batch: int
    upright: bool
    read: Callable[[Path, str], list[Example]]

    def decode(self, prediction: NDArray[Any], settings: DecodeSettings) -> Labels:
        """Labels (Z, Y, X): instances, or the class of the highest logit."""
        if self.kind == "instances":
            return instances.decode(prediction, settings)
        return np.asarray(np.argmax(prediction, axis=0), np.uint32)

    def score(self, dev: Sequence[Example], found: Sequence[Labels]) -> dict[str, float]:
        """The mean over volumes."""
        if self.kind == "instances":
            return TASKS["nuclei-3d"].score(dev, found)
        values = range(1, self.outputs)
        pairs = zip(dev, found, strict=True)
        dices = [scores.mean_dice(scores.dice(one.labels, labels, values)) for one, labels in pairs]
        return {self.score_name: float(np.mean(dices))}


def run(out: Path, settings: SlicesSettings) -> Iterator[str]:
    """Write ``results.json`` with scores and their ratios to dense annotation; ``runs`` has one for each training."""
    rows = yield from EXPERIMENT.rows(out, settings)
    table = [line for name in settings.subjects for line in compare_layouts(name, rows, settings.layouts)]
    for line in table:
        yield (
            f"{line['subject']:<12} {line['layout']:<5} {SUBJECTS[line['subject']].score_name} "
            f"{line['mean']:.3f} ± {line['deviation']:.3f}, {line['ratio']:.1%} of dense"
        )
    report.write(
        out, {"bench": "slices", "settings": settings.model_dump(), "goal": GOAL, "table": table, "runs": rows}
    )


def plan_jobs(settings: SlicesSettings) -> list[Job]:
    """Subject, layout and seed of every training, seed by seed."""
    layouts: tuple[Layout, ...] = ("dense", *settings.layouts)
    return [(name, layout, seed) for seed in settings.seeds for name in settings.subjects for layout in layouts]


def known_part(labels: NDArray[Any], layout: Layout, rng: np.random.Generator) -> NDArray[np.uint8]:
    """What is confirmed of complete labels (Z, Y, X): all, or only what lies in the slices drawn by `rng`."""
    everything = np.where(labels > 0, AS_LABELLED, BACKGROUND).astype(np.uint8)
    if layout == "dense":
        return everything
    inside = np.zeros(labels.shape, bool)
    if layout == "z":
        thirds = [len(labels) * third // 3 for third in range(4)]
        inside[[rng.integers(low, high) for low, high in pairwise(thirds)]] = True
    else:
        for axis, size in enumerate(labels.shape):
            inside[(slice(None),) * axis + (rng.integers(size),)] = True
    return np.where(inside, everything, UNKNOWN).astype(np.uint8)


def compare_layouts(name: str, rows: Sequence[dict[str, Any]], layouts: Sequence[str]) -> list[dict[str, Any]]:
    """Mean, deviation over seeds and ratio to the mean of dense annotation, for each layout."""
    mine = {
        layout: [row["score"] for row in rows if (row["subject"], row["layout"]) == (name, layout)]
        for layout in ("dense", *layouts)
    }
    dense = float(np.mean(mine["dense"]))
    return [
        {
            "subject": name,
            "layout": layout,
            "mean": float(np.mean(found)),
            "deviation": report.deviation(found) or 0.0,
            "ratio": float(np.mean(found)) / dense if dense > 0 else 1.0,
        }
        for layout, found in mine.items()
    ]


def decoding(
    examples: Sequence[Example], confirmed: Sequence[NDArray[Any]], predictions: Sequence[NDArray[Any]]
) -> DecodeSettings:
    """The decoding with the best mean AP .5 to .9 over the sections that are confirmed."""

    def score(settings: DecodeSettings) -> float:
        found = [
            scores.matches_within(example.labels, instances.decode(prediction, settings), sure, THRESHOLDS)
            for example, sure, prediction in zip(examples, confirmed, predictions, strict=True)
        ]
        return float(np.mean([[one.average_precision for one in matches] for matches in found]))

    best = DecodeSettings()
    for field, values in (("foreground", _FOREGROUND), ("prominence", _PROMINENCE)):
        best = max((best.model_copy(update={field: value}) for value in values), key=score)
    return best


def _train(settings: SlicesSettings, job: Job, checkpoint: Path) -> Trained:
    """One layout of annotated slices."""
    name, layout, seed = job
    subject = SUBJECTS[name]
    train, dev = (subject.read(settings.data, split) for split in ("train", "dev"))
    confirmed = {
        one.name: known_part(one.labels, layout, np.random.default_rng((seed, i))) for i, one in enumerate(train)
    }

    def choose(fits: Sequence[Example], predictions: Sequence[NDArray[Any]]) -> DecodeSettings:
        return decoding(fits, [confirmed[one.name] for one in fits], predictions) if fits else DecodeSettings()

    evaluation = TrialEvaluation(
        train if subject.kind == "instances" else [], dev, choose, subject.decode, subject.score
    )
    net = preset("unet", 3, NormalizeSettings().inputs_per_channel, subject.outputs, settings.width)
    outcome = run_trial(
        subject, net, train, evaluation, settings, seed, checkpoint, known=confirmed, upright=subject.upright
    )
    score = outcome.scores[subject.score_name]
    row = {
        "subject": name,
        "layout": layout,
        "seed": seed,
        "score": score,
        "annotated": float(np.mean([float((sure != UNKNOWN).mean()) for sure in confirmed.values()])),
        "step_s": outcome.step_s,
        "decode": outcome.decode.model_dump(mode="json"),
    }
    words = f"{name}, {layout}, seed {seed}: {subject.score_name} {score:.3f}, {outcome.step_s:.2f} s per step"
    return Trained(row, words)


def _check(data: Path, jobs: Sequence[Job]) -> None:
    """A missing folder is said before anything starts."""
    for name in {job[0] for job in jobs}:
        SUBJECTS[name].read(data, "dev")


def _read_hippocampus(data: Path, split: str) -> list[Example]:
    examples = []
    for picture in pictures(data / "sharealike" / "hippocampus_msd", split):
        volume, labels = picture.read()
        examples.append(Example(picture.name, np.asarray(volume.pixels)[0], labels[0]))
    return examples


def _stem(job: Job) -> str:
    return "-".join(map(str, job))


SUBJECTS: dict[SubjectName, Subject] = {
    "nuclei-3d": Subject(
        "instances", TASKS["nuclei-3d"].score_name, 2, (16, 32, 32), 4, upright=False, read=TASKS["nuclei-3d"].read
    ),
    "hippocampus": Subject("classes", "mean Dice", 3, (32, 48, 32), 2, upright=True, read=_read_hippocampus),
}

EXPERIMENT = Experiment(plan_jobs, _stem, _check, _train)
