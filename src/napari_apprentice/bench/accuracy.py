"""Scores of a model on images with known objects, beside the classical baseline on the same images."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_apprentice.bench import report
from napari_apprentice.data import classical, scores
from napari_apprentice.data.files import read_image, read_labels
from napari_apprentice.errors import UserError
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import Settings

Labels = NDArray[np.uint32]


class AccuracySettings(Settings):
    """What to judge."""

    data: Annotated[Path, Field(description="Folder with images/, labels/ and, if split, index.csv.")] = (
        report.DATA / "dsb2018"
    )
    model: Annotated[str, Field(description="A bundled model or a model file.")] = "nuclei-2d"
    split: Annotated[str, Field(description="Which part of index.csv: dev or train.")] = "dev"


def run(out: Path, settings: AccuracySettings) -> Iterator[str]:
    """Write ``results.json`` with the mean over images of TP / (TP + FP + FN), by type of image, and a plot."""
    found: dict[str, list[dict[str, list[float]]]] = defaultdict(list)
    runners = InlineRunners()
    try:
        for name, kind in listed(settings.data, settings.split):
            found[kind].append(_judge(settings, name, runners))
    finally:
        runners.close()
    everything = [row for rows in found.values() for row in rows]
    table = {kind: _means(rows) for kind, rows in [*sorted(found.items()), ("all", everything)]}
    for kind, row in table.items():
        model, baseline = ("/".join(f"{score:.3f}" for score in row[who]) for who in ("model", "baseline"))
        yield f"{kind:<28} {len(found.get(kind, [])) or '':>4}  model {model}  baseline {baseline}"
    report.write(
        out,
        {
            "bench": "accuracy",
            "settings": settings.model_dump(),
            "thresholds": scores.THRESHOLDS,
            "images": {kind: len(rows) for kind, rows in found.items()},
            "average_precision": table,
        },
    )
    report.plot(out / "accuracy.png", lambda axes: _draw(axes, table), size=(8, 4))


def listed(data: Path, split: str) -> list[tuple[str, str]]:
    """Name and type of each image; `UserError` when there is none."""
    index = data / "index.csv"
    if index.exists():
        with index.open(newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get("split", split) == split]
        images = [(row["id"], row.get("type") or data.name) for row in rows]
    else:
        images = [(path.stem, data.name) for path in sorted((data / "images").glob("*.tif"))]
    if not images:
        raise UserError(f"{data} has no images of the split {split}: choose a folder with images/ and labels/.")
    return images


def _judge(settings: AccuracySettings, name: str, runners: InlineRunners) -> dict[str, list[float]]:
    volume = read_image(settings.data / "images" / f"{name}.tif")
    truth = read_labels(settings.data / "labels" / f"{name}.tif")
    with Session.temporary(runners) as session:
        session.choose_model(settings.model)
        entry = session.add_image(volume)
        session.segment()
        session.run_until_idle()
        proposed = np.array(entry.labels)
    baseline = classical.segment(volume)
    return {"model": _scores(truth, proposed), "baseline": _scores(truth, baseline)}


def _scores(truth: Labels, labels: Labels) -> list[float]:
    return [counts.average_precision for counts in scores.matches(truth, labels)]


def _means(rows: list[dict[str, list[float]]]) -> dict[str, list[float]]:
    return {who: np.mean([row[who] for row in rows], axis=0).tolist() for who in ("model", "baseline")}


def _draw(axes: object, table: dict[str, dict[str, list[float]]]) -> None:
    where = np.arange(len(table))
    for offset, who in ((-0.2, "model"), (0.2, "baseline")):
        axes.bar(where + offset, [row[who][0] for row in table.values()], 0.4, label=who)  # type: ignore[attr-defined]
    axes.set(xticks=where, ylabel="AP at IoU 0.5", ylim=(0, 1))  # type: ignore[attr-defined]
    axes.set_xticklabels(list(table), rotation=20, ha="right")  # type: ignore[attr-defined]
    axes.legend(frameon=False)  # type: ignore[attr-defined]
