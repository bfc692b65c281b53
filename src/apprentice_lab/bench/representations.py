"""Every representation of objects on the same small real tasks, from full and from partial annotation.

The same for all: network (but for the number of output channels), steps, seeds, images, patches, light augmentation,
learning rate, and how decoding is fitted: on what is annotated of training images, never on dev. What no network can be
better than, decoding the encoded truth, is measured on every set of annotated images. Interrupted, it goes on where it
stopped when it is run again with the same folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import Field

from apprentice_lab.bench import ceilings, family_pictures, partly, report, representations_report
from apprentice_lab.bench.experiment import Experiment, Processes, Rate, Seeds, Steps, Trained, Width
from apprentice_lab.bench.tasks import TASKS, THRESHOLDS, Example, TaskName, fit_decoding, read, read_all
from apprentice_lab.bench.trials import TrialEvaluation, run_trial
from apprentice_lab.representations import RepresentationName, representation
from napari_apprentice.architecture import preset
from napari_apprentice.data.labels.scores import matches_within
from napari_apprentice.data.representations import Representation
from napari_apprentice.data.storage.results import folder
from napari_apprentice.settings import DecodeSettings, NormalizeSettings, Settings

Annotation = Literal["full", "partial"]
Job = tuple[TaskName, Annotation, RepresentationName, int]

_FOREGROUND = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_MIN_SIZE = (4, 12, 30)
# Where they are not those of a model that is taught from a few corrections.
_CHOICES = {"log-distance": {"prominence": (0.05, 0.1, 0.2, 0.3, 0.4)}}


class RepresentationsSettings(Settings):
    """What to compare, and for how long each may be learned."""

    data: Annotated[Path, Field(description="Folder with the annotated sets.")] = report.DATA
    tasks: Annotated[tuple[TaskName, ...], Field(description="What is learned; objects only.")] = (
        "nuclei-2d",
        "cells-2d",
        "nuclei-3d",
    )
    representations: Annotated[tuple[RepresentationName, ...], Field(description="Which representations.")] = get_args(
        RepresentationName
    )
    annotations: Annotated[
        tuple[Annotation, ...],
        Field(description="How much is annotated: all, or a third of the objects (of volumes a slice in eight)."),
    ] = get_args(Annotation)
    seeds: Seeds = (0, 1, 2)
    steps: Steps = 400
    rate: Rate = 1e-3
    width: Width = 16
    processes: Processes = 2
    ceilings: Annotated[bool, Field(description="Also what decoding the encoded truth of every set gives.")] = True
    trainings: Annotated[bool, Field(description="Off: only the ceilings.")] = True


def run(out: Path, settings: RepresentationsSettings) -> Iterator[str]:
    """Write ``results.json``, ``representations.md`` with the tables, a plot and a picture for each task.

    ``runs`` has a file for each training.
    """
    folder(out)
    best = out / "ceilings.json"
    if settings.ceilings and not best.exists():
        found = []
        for line in ceilings.measure(settings.data, settings.representations):
            found.append(line)
            yield ceilings.words(line)
        best.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    rows: list[dict[str, Any]] = []
    if settings.trainings:
        rows = yield from EXPERIMENT.rows(out, settings)
        for name in settings.tasks:
            jobs = [job for job in plan_jobs(settings) if job[0] == name and job[3] == settings.seeds[0]]
            pictured = {
                f"{way}, {much}": EXPERIMENT.labels_of(out, (name, much, way, seed)) for _, much, way, seed in jobs
            }
            path = out / f"representations-{name}.png"
            family_pictures.write(path, TASKS[name], read(name, settings.data)[1][0], pictured)
    known = json.loads(best.read_text(encoding="utf-8")) if best.exists() else []
    yield from representations_report.write(out, settings.model_dump(), rows, known)


def plan_jobs(settings: RepresentationsSettings) -> list[Job]:
    """Every training, seed by seed."""
    return [
        (task, annotation, name, seed)
        for seed in settings.seeds
        for task in settings.tasks
        for annotation in settings.annotations
        for name in settings.representations
    ]


def choose(
    kind: Representation,
    examples: Sequence[Example],
    confirmed: Sequence[np.ndarray],
    predictions: Sequence[np.ndarray],
) -> DecodeSettings:
    """How `kind` is decoded best, judged by what is confirmed: mean AP over IoU .5 to .9 and over images.

    Of a volume of which only slices are known, sections are judged.
    """

    def score(tried: DecodeSettings) -> float:
        found = [kind.decode(one, tried) for one in predictions]
        parts = zip(examples, found, confirmed, strict=True)
        table = [
            [one.average_precision for one in matches_within(truth.labels, got, sure, THRESHOLDS, sections=_open(sure))]
            for truth, got, sure in parts
        ]
        return float(np.mean(table))

    choices = {"foreground": _FOREGROUND, **_CHOICES.get(kind.name, kind.choices), "min_size": _MIN_SIZE}
    return fit_decoding(choices | {"foreground": _FOREGROUND}, score)


def _open(confirmed: np.ndarray) -> bool:
    return not confirmed.all()


def _train(settings: RepresentationsSettings, job: Job, checkpoint: Path) -> Trained:
    """One representation on one task, from as much annotation."""
    name, annotation, way, seed = job
    task = TASKS[name]
    kind = representation(way, task.dims)
    train, dev = read(name, settings.data)
    known = {one.name: _known(one, annotation, i) for i, one in enumerate(train)}
    net = preset("unet", task.dims, NormalizeSettings().inputs_per_channel, len(kind.channels), settings.width)
    evaluation = TrialEvaluation(
        task.fitting(train),
        dev,
        lambda fits, predictions: choose(kind, fits, [known[one.name] for one in fits], predictions),
        kind.decode,
        task.score,
    )
    outcome = run_trial(task, net, train, evaluation, settings, seed, checkpoint, known=known, representation=way)
    row = {
        "task": name,
        "annotation": annotation,
        "representation": way,
        "seed": seed,
        "score": outcome.scores[task.score_name],
        "scores": outcome.scores,
        "channels": len(kind.channels),
        "parameters": net.parameters,
        "known": float(np.mean([(sure > 0).mean() for sure in known.values()])),
        "step_s": outcome.step_s,
        "learn_s": outcome.learn_s,
        "fit_s": outcome.fit_s,
        "decode_s_per_megavoxel": outcome.decode_s / sum(one.labels.size for one in dev) * 1e6,
        "decode": outcome.decode.model_dump(mode="json"),
    }
    return Trained(row, f"{name}, {annotation}, {way}, seed {seed}: {outcome.words}", outcome.found[:1])


def _known(example: Example, annotation: Annotation, seed: int) -> np.ndarray:
    if annotation == "full":
        return np.where(example.labels > 0, 2, 1).astype(np.uint8)
    return partly.confirmed_part(example.labels, seed)


def _stem(job: Job) -> str:
    return "-".join(map(str, job))


EXPERIMENT = Experiment(plan_jobs, _stem, read_all, _train)
