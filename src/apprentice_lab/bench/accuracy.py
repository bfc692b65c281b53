"""Scores of a model on images with known objects or classes, beside the classical baseline on the same images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from apprentice_lab import classical
from apprentice_lab.bench import accuracy_report
from apprentice_lab.bench.images import ImagesSettings, draw_pictures
from apprentice_lab.sets import Picture
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.data.labels import scores
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError
from napari_apprentice.runners import Runners
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import DeviceName, SegmentSettings

Labels = NDArray[np.uint32]

_SAY_EVERY = 20  # images


class AccuracySettings(ImagesSettings):
    """What to judge."""

    model: Annotated[str, Field(description="A bundled model or a model file.")] = "nuclei-2d"
    split: Annotated[str, Field(description="Which part of index.csv: dev, train, or all.")] = "dev"
    count: Annotated[int | None, Field(ge=1, description="So many images, drawn at random; empty: all.")] = None
    seed: Annotated[int, Field(ge=0, description="Draws images, and groups for the intervals.")] = 0
    device: Annotated[DeviceName, Field(description="Where the network runs.")] = "auto"


def run(out: Path, settings: AccuracySettings) -> Iterator[str]:
    """Write ``results.json`` with the counts of every image and all scores, ``scores.md`` and a plot."""
    chosen = draw_pictures(settings.pictures(settings.split), settings.count, settings.seed)
    header = header_of(settings.model)
    folder(out)
    runners, rows = InlineRunners(), []
    try:
        for picture in chosen:
            rows.append(_judge(settings, header, picture, runners))
            if len(rows) % _SAY_EVERY == 0:
                yield f"{len(rows)} of {len(chosen)} images"
    finally:
        runners.close()
    about = {"settings": settings.model_dump(), "trained_on": header.trained_on}
    yield from accuracy_report.write(out, about, settings.set_name, rows, settings.seed)


def header_of(model: str) -> ModelHeader:
    """What a model says about itself; `UserError` when there is no such model, or it proposes no labels."""
    with Session.temporary() as session:
        session.choose_model(model)
        header = session.model.header
    if header is None:
        raise UserError("A fresh network knows nothing yet: choose a bundled model or a model file.")
    return header


def propose(volume: Volume, model: str, runners: Runners, settings: SegmentSettings) -> Labels:
    """What a model proposes for an image, (T, Z, Y, X)."""
    with Session.temporary(runners) as session:
        session.choose_model(model)
        session.segment_settings = settings
        entry = session.add_image(volume)
        session.segment()
        session.run_until_idle()
        return np.array(entry.labels)


def counts(truth: Labels, labels: Labels) -> dict[str, Any]:
    """What all scores of objects in one image are made of: matches at every IoU, and Dice of the foreground."""
    found = scores.matches(truth, labels, scores.STEPS)
    return {
        "tp": [one.true_positives for one in found],
        "fp": [one.false_positives for one in found],
        "fn": [one.false_negatives for one in found],
        "iou_sum": [one.iou_sum for one in found],
        "dice": {"Dice": scores.dice_parts(truth > 0, labels > 0, (1,))[1]},
    }


def _judge(settings: AccuracySettings, header: ModelHeader, picture: Picture, runners: Runners) -> dict[str, Any]:
    """The counts of one image: predicted once, scored at all thresholds in one overlap."""
    volume, truth = picture.read()
    row: dict[str, Any] = {"name": picture.name, "kind": picture.kind, "group": picture.group}
    labels = propose(volume, settings.model, runners, SegmentSettings(device=settings.device))
    if header.kind == "classes":
        return row | {"objects": 0, "model": {"dice": _class_dice(header, picture, truth, labels)}}
    row["objects"] = len(np.unique(truth[truth > 0]))
    return row | {"model": counts(truth, labels), "baseline": counts(truth, classical.segment(volume))}


def _class_dice(header: ModelHeader, picture: Picture, truth: Labels, labels: Labels) -> dict[str, tuple[int, int]]:
    """The parts of Dice of each class by its name; `UserError` when the labels are not the model's classes."""
    names = {one.value: f"Dice {one.name}" for one in header.classes}
    strange = sorted({int(value) for value in np.unique(truth)} - {0, *names})
    if strange:
        raise UserError(
            f"The labels of {picture.name} have the value {strange[0]}, which is no class of {header.name}: "
            "choose a set with its classes, or another model."
        )
    return {names[value]: both for value, both in scores.dice_parts(truth, labels, tuple(names)).items()}
