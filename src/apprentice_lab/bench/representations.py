"""Every representation of objects on the same small real tasks, from full and from partial annotation.

The same for all: network (but for the number of output channels), steps, seeds, images, patches, light augmentation,
learning rate, and how decoding is fitted: on what is annotated of training images, never on dev. What no network can be
better than, decoding the encoded truth, is measured on every set of annotated images. Interrupted, it goes on where it
stopped when it is run again with the same folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import Field

from apprentice_lab.bench import ceilings, family_pictures, partly, report, representations_report, workers
from apprentice_lab.bench.tasks import TASKS, THRESHOLDS, Example, Task, TaskName, fitted, read, read_all
from napari_apprentice.architecture import preset
from napari_apprentice.data.representations import Representation, representation
from napari_apprentice.data.results import folder
from napari_apprentice.data.scores import matches_within
from napari_apprentice.settings import DecodeSettings, NormalizeSettings, RepresentationName, Settings

Annotation = Literal["full", "partial"]
Job = tuple[TaskName, Annotation, RepresentationName, int]

_FOREGROUND = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
_MIN_SIZE = (4, 12, 30)


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
    seeds: Annotated[tuple[int, ...], Field(description="One training for each.")] = (0, 1, 2)
    steps: Annotated[int, Field(ge=1, description="Steps of every training.")] = 400
    rate: Annotated[float, Field(gt=0, description="Highest learning rate.")] = 1e-3
    width: Annotated[int, Field(ge=4, le=64, description="Channels of the U-Net's first level.")] = 16
    processes: Annotated[int, Field(ge=1, description="Trainings at once, of one thread each.")] = 2
    ceilings: Annotated[bool, Field(description="Also what decoding the encoded truth of every set gives.")] = True
    trainings: Annotated[bool, Field(description="Off: only the ceilings.")] = True


def run(out: Path, settings: RepresentationsSettings) -> Iterator[str]:
    """Write ``results.json``, ``representations.md`` with the tables, a plot and a picture for each task.

    ``runs`` has a file for each training.
    """
    folder(out / "runs")
    best = out / "ceilings.json"
    if settings.ceilings and not best.exists():
        found = []
        for line in ceilings.measure(settings.data, settings.representations):
            found.append(line)
            yield ceilings.words(line)
        best.write_text(json.dumps(found, indent=1) + "\n")
    rows: list[dict[str, Any]] = []
    if settings.trainings:
        yield from workers.resumed(
            _one, out, settings, planned(settings), _place, partial(read_all, settings.data), settings.processes
        )
        rows = [json.loads(_place(out, job).read_text()) for job in planned(settings)]
        for task in settings.tasks:
            _picture(out, settings, task)
    known = json.loads(best.read_text()) if best.exists() else []
    yield from representations_report.write(out, settings.model_dump(), rows, known)


def planned(settings: RepresentationsSettings) -> list[Job]:
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
    vouched: Sequence[np.ndarray],
    predictions: Sequence[np.ndarray],
) -> DecodeSettings:
    """How `kind` is decoded best, judged by what is vouched for: mean AP over IoU .5 to .9 and over images.

    Of a volume of which only slices are known, sections are judged.
    """

    def score(tried: DecodeSettings) -> float:
        found = [kind.decode(one, tried) for one in predictions]
        parts = zip(examples, found, vouched, strict=True)
        table = [
            [one.average_precision for one in matches_within(truth.labels, got, sure, THRESHOLDS, sections=_open(sure))]
            for truth, got, sure in parts
        ]
        return float(np.mean(table))

    return fitted({"foreground": _FOREGROUND, **kind.choices, "min_size": _MIN_SIZE}, score)


def _open(vouched: np.ndarray) -> bool:
    return not vouched.all()


def _one(out: Path, settings: RepresentationsSettings, job: Job) -> str:
    """Train one network, judge it, save the outcome at once; runs in a process of its own."""
    name, annotation, way, seed = job
    from apprentice_lab.training.trial import Lesson, trial  # here: it loads torch

    task, place = TASKS[name], _place(out, job)
    kind = representation(way, task.dims)
    train, dev = read(name, settings.data)
    known = {one.name: _known(one, annotation, i) for i, one in enumerate(train)}
    fits = task.fitting(train)
    net = preset("unet", task.dims, NormalizeSettings().inputs_per_channel, kind.channels, settings.width)
    lesson = Lesson(task.kind, task.patch, task.batch, settings.steps, settings.rate, seed, way)
    began = time.monotonic()
    learned = trial(
        net,
        lesson,
        [(one.pixels, one.labels) for one in train],
        [one.pixels for one in (*fits, *dev)],
        place.with_suffix(".pt"),
        [known[one.name] for one in train],
    )
    learned_at = time.monotonic()
    decoding = choose(kind, fits, [known[one.name] for one in fits], learned.predictions[: len(fits)])
    fitted_at, busy = time.monotonic(), time.process_time()
    found = [kind.decode(prediction, decoding) for prediction in learned.predictions[len(fits) :]]
    busy = time.process_time() - busy
    scores = task.score(dev, found)
    result = {
        "task": name,
        "annotation": annotation,
        "representation": way,
        "seed": seed,
        "score": scores[task.score_name],
        "scores": scores,
        "channels": kind.channels,
        "parameters": net.parameters,
        "known": float(np.mean([(sure > 0).mean() for sure in known.values()])),
        "step_s": learned.step_s,
        "learn_s": learned_at - began,
        "fit_s": fitted_at - learned_at,
        "decode_s_per_megavoxel": busy / sum(one.labels.size for one in dev) * 1e6,
        "decode": decoding.model_dump(mode="json"),
    }
    np.savez_compressed(place.with_suffix(".npz"), found[0].astype(np.uint16))
    place.write_text(json.dumps(result, indent=1) + "\n")
    place.with_suffix(".pt").unlink()
    scored = ", ".join(f"{key} {value:.3f}" for key, value in scores.items())
    return f"{name}, {annotation}, {way}, seed {seed}: {scored}, {learned.step_s:.2f} s per step"


def _known(example: Example, annotation: Annotation, seed: int) -> np.ndarray:
    if annotation == "full":
        return np.where(example.labels > 0, 2, 1).astype(np.uint8)
    return partly.vouched(example.labels, seed)


def _picture(out: Path, settings: RepresentationsSettings, name: TaskName) -> None:
    """What the first trainings found in the first dev image."""
    jobs = [job for job in planned(settings) if job[0] == name and job[3] == settings.seeds[0]]
    found = {
        f"{way}, {much}": family_pictures.kept(_npz(out, (task, much, way, seed)))[0] for task, much, way, seed in jobs
    }
    task: Task = TASKS[name]
    family_pictures.write(out / f"representations-{name}.png", task, read(name, settings.data)[1][0], found)


def _npz(out: Path, job: Job) -> Path:
    return _place(out, job).with_suffix(".npz")


def _place(out: Path, job: Job) -> Path:
    task, annotation, name, seed = job
    return out / "runs" / f"{task}-{annotation}-{name}-{seed}.json"
