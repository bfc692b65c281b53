"""Leave one out: what a model of volumes is worth on a stack of a specimen that it has not learned from.

For every real volume of nuclei3d_* and cells3d_* a model is taught on the others of its kind, beginning with the one
that has seen simulated stacks only. Beside it that one, the 2D model slice by slice, and the classical baseline.
Volumes of one specimen, which show the same cells, are left out together. Interrupted, it goes on where it stopped when
it is run again with the same folder.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import Field

from apprentice_lab import classical
from apprentice_lab.bench import report
from apprentice_lab.bench.accuracy import counts, propose
from apprentice_lab.bench.accuracy_report import estimates
from apprentice_lab.sets import Picture
from napari_apprentice.data.storage.results import folder
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.settings import DeviceName, SegmentSettings, Settings

VolumeName = Literal["ovule1135", "ovule1137", "8_cell_stage", "img3d", "sample_ovule", "patch_a", "patch_b"]
METHODS = {
    "model": "left out",
    "simulated": "simulated only",
    "flat": "2D, slice by slice",
    "baseline": "classical baseline",
}
ALL = "all"
_SHOWN = ("AP .50", "AP .75", "AP .90", "PQ")


class VolumesSettings(Settings):
    """What to leave out, and how the others are learned from."""

    data: Annotated[Path, Field(description="Folder with the nuclei3d and cells3d sets.")] = report.DATA
    volumes: Annotated[tuple[VolumeName, ...], Field(description="Which are left out, one after the other.")] = (
        get_args(VolumeName)
    )
    simulated: Annotated[
        Path | None,
        Field(description="Folder with nuclei-3d/ and cells-3d/, the first parts; made when missing. Empty: in --out."),
    ] = None
    share: Annotated[float, Field(gt=0, le=10, description="Of the steps of the recipes.")] = 1.0
    flat: Annotated[str, Field(description="The 2D model that looks at volumes slice by slice.")] = "nuclei-2d"
    device: Annotated[DeviceName, Field(description="Where networks learn and run.")] = "auto"
    threads: Annotated[int | None, Field(ge=1, description="Processor threads; empty: as many as cores.")] = None
    seed: Annotated[int, Field(ge=0, description="Draws specimens for the intervals.")] = 0


def run(out: Path, settings: VolumesSettings) -> Iterator[str]:
    """Write ``results.json``, ``volumes.md`` and a plot.

    ``runs`` has a file of each volume, ``models`` a folder of each specimen with the model and its pictures.
    """
    folder(out / "runs")
    for name in settings.volumes:
        place = out / "runs" / f"{name}.json"
        if not place.exists():
            yield f"{name}: learning from the others"
            began = time.monotonic()
            row = _one(out, settings, name) | {"seconds": time.monotonic() - began}
            place.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    rows = [json.loads((out / "runs" / f"{name}.json").read_text(encoding="utf-8")) for name in settings.volumes]
    yield from _write(out, settings, rows)


def _one(out: Path, settings: VolumesSettings, name: str) -> dict[str, Any]:
    """Teach without a volume and judge on it; everything that scores are made of."""
    # here: they load torch
    from apprentice_lab.recipes import cells_3d, nuclei_3d, volume_training, volumes
    from apprentice_lab.recipes.stacks import picture_of, stack_of

    stack = stack_of(name)
    whole = {"nuclei": nuclei_3d.RECIPE, "cells": cells_3d.RECIPE}[stack.what]
    recipe = volumes.without(volumes.shorten(whole, settings.share), stack.specimen)
    threads = settings.threads or os.cpu_count() or 1
    first = (settings.simulated or out / "simulated") / recipe.name
    simulated = volume_training.train_simulated(recipe, first, threads, settings.device)
    model = out / "models" / stack.specimen / f"{recipe.name}.safetensors"
    if not model.exists():
        volume_training.train(recipe, settings.data, model.parent, threads, settings.device, first)
    return judge(
        picture_of(settings.data, name),
        {"model": str(model), "simulated": str(simulated), "flat": settings.flat},
        SegmentSettings(device=settings.device),
    )


def judge(picture: Picture, models: Mapping[str, str], settings: SegmentSettings) -> dict[str, Any]:
    """The counts of every model and of the classical baseline on a volume, as *Segment* finds objects in it."""
    volume, truth = picture.read()
    runners = InlineRunners()
    try:
        found = {method: propose(volume, model, runners, settings) for method, model in models.items()}
    finally:
        runners.close()
    found["baseline"] = classical.segment(volume)
    row: dict[str, Any] = {"name": picture.name, "kind": picture.kind, "specimen": picture.group}
    row["objects"] = len(np.unique(truth[truth > 0]))
    return row | {method: counts(truth, labels) for method, labels in found.items()}


def pool(rows: Sequence[Mapping[str, Any]], seed: int = 0) -> list[dict[str, Any]]:
    """A line for each volume, each kind and all, and each method: scores of all objects together."""
    groups = {row["name"]: [row] for row in rows}
    for kind in dict.fromkeys(row["kind"] for row in rows):
        groups[kind] = [row for row in rows if row["kind"] == kind]
    groups[ALL] = list(rows)
    lines = []
    for title, mine in groups.items():
        for method in METHODS:
            found = estimates([row[method] for row in mine], [row["specimen"] for row in mine], seed)["pooled"]
            lines.append(
                {
                    "volumes": title,
                    "method": method,
                    "objects": sum(row["objects"] for row in mine),
                    "scores": {score: asdict(one) for score, one in found.items()},
                }
            )
    return lines


def _write(out: Path, settings: VolumesSettings, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    lines = pool(rows, settings.seed)
    head = ["volumes", "objects", "method", *_SHOWN]
    body = [
        [line["volumes"], str(line["objects"]), METHODS[line["method"]], *(_cell(line["scores"][s]) for s in _SHOWN)]
        for line in lines
    ]
    text = report.markdown(head, body)
    (out / "volumes.md").write_text(text + "\n", encoding="utf-8")
    report.write(out, {"bench": "volumes", "settings": settings.model_dump(), "scores": lines, "volumes": rows})
    report.plot(out / "volumes.png", lambda axes: _draw(axes, lines), size=(9, 4))
    yield from text.splitlines()


def _cell(score: Mapping[str, float | None]) -> str:
    if score["low"] is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [{score['low']:.2f}, {score['high']:.2f}]"


def _draw(axes: Any, lines: Sequence[Mapping[str, Any]]) -> None:
    names = list(dict.fromkeys(line["volumes"] for line in lines))
    width = 0.8 / len(METHODS)
    for i, (method, words) in enumerate(METHODS.items()):
        heights = [line["scores"]["AP .50"]["value"] for line in lines if line["method"] == method]
        axes.bar([x + (i - 1.5) * width for x in range(len(names))], heights, width, label=words)
    axes.set(xticks=range(len(names)), ylabel="AP at IoU .50, pooled", ylim=(0, 1))
    axes.set_xticklabels(names, rotation=20, ha="right")
    axes.legend(frameon=False, fontsize=8)
