"""Three annotated slices per training volume against dense annotation: the same network, steps, patches and seeds.

As in the 3D U-Net's paper (Cicek et al., MICCAI 2016) a few slices of each volume are annotated and all other voxels
have weight 0, background too. ``z``: three slices, one drawn from each third of the depth; ``axes``: one drawn along
each axis. (The same depths in all volumes would leave others without any annotation, and a network dreams up objects
there.) Instances are decoded by what suits the annotated slices of the training volumes best; scores are those of the
whole dev volumes. Interrupted, it goes on when it is run again with the same folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab.bench import report, workers
from apprentice_lab.bench.tasks import TASKS, THRESHOLDS, Example, Labels
from apprentice_lab.sets import pictures
from napari_apprentice.architecture import preset
from napari_apprentice.data import instances, scores
from napari_apprentice.data.corrections import AS_LABELLED, BACKGROUND, UNKNOWN
from napari_apprentice.data.results import folder
from napari_apprentice.settings import DecodeSettings, NormalizeSettings, Settings, Triple

Layout = Literal["dense", "z", "axes"]
SubjectName = Literal["nuclei-3d", "hippocampus"]

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
    seeds: Annotated[tuple[int, ...], Field(description="One training for each.")] = (0, 1, 2)
    steps: Annotated[int, Field(ge=1, description="Steps of every training.")] = 2000
    rate: Annotated[float, Field(gt=0, description="Highest learning rate.")] = 2e-3
    width: Annotated[int, Field(ge=4, le=64, description="Channels of the U-Net's first level.")] = 16
    processes: Annotated[int, Field(ge=1, description="Trainings at once, of one thread each.")] = 2


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


def run(out: Path, settings: SlicesSettings) -> Iterator[str]:
    """Write ``results.json`` with scores and their ratios to dense annotation; ``runs`` has one for each training."""
    folder(out / "runs")
    every = planned(settings)

    def check(jobs: Sequence[tuple[SubjectName, Layout, int]]) -> None:
        for name in {job[0] for job in jobs}:
            SUBJECTS[name].read(settings.data, "dev")  # a missing folder is said before anything starts

    yield from workers.resumed(_one, out, settings, every, _place, check, settings.processes)
    rows = [json.loads(_place(out, job).read_text()) for job in every]
    table = [line for name in settings.subjects for line in compared(name, rows, settings.layouts)]
    for line in table:
        yield (
            f"{line['subject']:<12} {line['layout']:<5} {SUBJECTS[line['subject']].score_name} "
            f"{line['mean']:.3f} ± {line['deviation']:.3f}, {line['ratio']:.1%} of dense"
        )
    report.write(
        out, {"bench": "slices", "settings": settings.model_dump(), "goal": GOAL, "table": table, "runs": rows}
    )


def planned(settings: SlicesSettings) -> list[tuple[SubjectName, Layout, int]]:
    """Subject, layout and seed of every training, seed by seed."""
    layouts: tuple[Layout, ...] = ("dense", *settings.layouts)
    return [(name, layout, seed) for seed in settings.seeds for name in settings.subjects for layout in layouts]


def known(labels: NDArray[Any], layout: Layout, rng: np.random.Generator) -> NDArray[np.uint8]:
    """What is vouched for of complete labels (Z, Y, X): all, or only what lies in the slices drawn by `rng`."""
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


def compared(name: str, rows: Sequence[dict[str, Any]], layouts: Sequence[str]) -> list[dict[str, Any]]:
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
            "deviation": float(np.std(found, ddof=1)) if len(found) > 1 else 0.0,
            "ratio": float(np.mean(found)) / dense if dense > 0 else 1.0,
        }
        for layout, found in mine.items()
    ]


def decoding(
    examples: Sequence[Example], vouched: Sequence[NDArray[Any]], predictions: Sequence[NDArray[Any]]
) -> DecodeSettings:
    """The decoding with the best mean AP .5 to .9 over the sections that are vouched for."""

    def score(settings: DecodeSettings) -> float:
        found = [
            scores.matches_within(example.labels, instances.decode(prediction, settings), sure, THRESHOLDS)
            for example, sure, prediction in zip(examples, vouched, predictions, strict=True)
        ]
        return float(np.mean([[one.average_precision for one in matches] for matches in found]))

    best = DecodeSettings()
    for field, values in (("foreground", _FOREGROUND), ("prominence", _PROMINENCE)):
        best = max((best.model_copy(update={field: value}) for value in values), key=score)
    return best


def _one(out: Path, settings: SlicesSettings, job: tuple[SubjectName, Layout, int]) -> str:
    """Train once, judge, save the outcome at once; runs in a process of its own."""
    name, layout, seed = job
    from apprentice_lab.training.trial import Lesson, trial  # here: it loads torch

    subject, place = SUBJECTS[name], _place(out, job)
    train, dev = (subject.read(settings.data, split) for split in ("train", "dev"))
    vouched = [known(example.labels, layout, np.random.default_rng((seed, i))) for i, example in enumerate(train)]
    fits = train if subject.kind == "instances" else []
    learned = trial(
        preset("unet", 3, NormalizeSettings().inputs_per_channel, subject.outputs, settings.width),
        Lesson(
            subject.kind,
            subject.patch,
            subject.batch,
            settings.steps,
            settings.rate,
            seed,
            upright=subject.upright,
        ),
        [(example.pixels, example.labels) for example in train],
        [example.pixels for example in (*fits, *dev)],
        place.with_suffix(".pt"),
        vouched,
    )
    found, asked = _found(subject, train, vouched, learned.predictions)
    row = {
        "subject": name,
        "layout": layout,
        "seed": seed,
        "score": _score(subject, dev, found),
        "annotated": float(np.mean([float((sure != UNKNOWN).mean()) for sure in vouched])),
        "step_s": learned.step_s,
        "decode": asked.model_dump(mode="json"),
    }
    place.write_text(json.dumps(row, indent=1) + "\n")
    place.with_suffix(".pt").unlink()
    return f"{name}, {layout}, seed {seed}: {subject.score_name} {row['score']:.3f}, {learned.step_s:.2f} s per step"


def _found(
    subject: Subject, train: Sequence[Example], vouched: Sequence[NDArray[Any]], predictions: Sequence[NDArray[Any]]
) -> tuple[list[Labels], DecodeSettings]:
    """Labels (Z, Y, X) of the dev volumes, and how instances were decoded."""
    if subject.kind == "classes":
        return [np.argmax(one, axis=0).astype(np.uint32) for one in predictions], DecodeSettings()
    best = decoding(train, vouched, predictions[: len(train)])
    return [instances.decode(one, best) for one in predictions[len(train) :]], best


def _score(subject: Subject, dev: Sequence[Example], found: Sequence[Labels]) -> float:
    if subject.kind == "instances":
        return TASKS["nuclei-3d"].score(dev, found)[subject.score_name]
    values = range(1, subject.outputs)
    pairs = zip(dev, found, strict=True)
    return float(np.mean([scores.mean_dice(scores.dice(one.labels, labels, values)) for one, labels in pairs]))


def _read_hippocampus(data: Path, split: str) -> list[Example]:
    examples = []
    for picture in pictures(data / "sharealike" / "hippocampus_msd", split):
        volume, labels = picture.read()
        examples.append(Example(picture.name, np.asarray(volume.pixels)[0], labels[0]))
    return examples


def _place(out: Path, job: tuple[SubjectName, Layout, int]) -> Path:
    return out / "runs" / ("-".join(map(str, job)) + ".json")


SUBJECTS: dict[SubjectName, Subject] = {
    "nuclei-3d": Subject(
        "instances", TASKS["nuclei-3d"].score_name, 2, (16, 32, 32), 4, upright=False, read=TASKS["nuclei-3d"].read
    ),
    "hippocampus": Subject("classes", "mean Dice", 3, (32, 48, 32), 2, upright=True, read=_read_hippocampus),
}
