"""How wide and how deep a U-Net is worth being: score against the time it takes to predict.

Every size learns for as many steps as the others from the same patches, and is timed as *Segment* runs it. Interrupted,
it goes on where it stopped when it is run again with the same folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from apprentice_lab.bench import report, workers
from apprentice_lab.bench.tasks import TASKS, TaskName, read_all
from apprentice_lab.bench.trials import tried
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.results import folder
from napari_apprentice.settings import NormalizeSettings, Settings

Job = tuple[TaskName, int, int, int]


class SizesSettings(Settings):
    """What to compare, and for how long each network may learn."""

    data: Annotated[Path, Field(description="Folder with dsb2018 and usiigaci_phase.")] = report.DATA
    tasks: Annotated[tuple[TaskName, ...], Field(description="What is learned, in 2D.")] = ("nuclei-2d", "cells-2d")
    widths: Annotated[tuple[int, ...], Field(description="Channels of the first level.")] = (8, 12, 16, 24, 32)
    levels: Annotated[tuple[int, ...], Field(description="How many levels; each doubles the channels.")] = (4, 5)
    seeds: Annotated[tuple[int, ...], Field(description="One training for each.")] = (0, 1)
    steps: Annotated[int, Field(ge=1, description="Steps of every training.")] = 400
    rate: Annotated[float, Field(gt=0, description="Highest learning rate.")] = 2e-3
    processes: Annotated[int, Field(ge=1, description="Trainings at once, of one thread each.")] = 2
    repeats: Annotated[int, Field(ge=1, description="Predictions that are timed, of each network.")] = 7


def run(out: Path, settings: SizesSettings) -> Iterator[str]:
    """Write ``results.json``, ``sizes.md`` and ``sizes.png``; ``runs`` has a file for each training."""
    folder(out / "runs")
    yield from workers.resumed(
        _one, out, settings, planned(settings), _place, partial(read_all, settings.data), settings.processes
    )
    timing = out / "times.json"
    if not timing.exists():
        yield "timing predictions"
    times = workers.kept(timing, _times, settings)
    rows = [json.loads(_place(out, job).read_text()) for job in planned(settings)]
    lines = summary(rows, times)
    text = _table(lines, settings.tasks)
    (out / "sizes.md").write_text(text + "\n")
    document = {"bench": "sizes", "settings": settings.model_dump(mode="json"), "table": lines, "runs": rows}
    report.write(out, document)
    report.plots(
        out / "sizes.png",
        len(settings.tasks),
        lambda axes, i: _draw(axes, settings.tasks[i], lines),
        size=(5.0 * len(settings.tasks), 4.0),
    )
    yield from text.splitlines()


def planned(settings: SizesSettings) -> list[Job]:
    """Task, width, levels and seed of every training, seed by seed."""
    return [
        (task, width, levels, seed)
        for seed in settings.seeds
        for task in settings.tasks
        for levels in settings.levels
        for width in settings.widths
    ]


def net_of(width: int, levels: int, inputs: int) -> NetSettings:
    """The U-Net for objects in 2D that has so many levels, of twice the channels each."""
    return NetSettings(
        in_channels=inputs,
        widths=tuple(width * 2**level for level in range(levels)),
        pools=((1, 2, 2),) * (levels - 1),
    )


def summary(rows: Sequence[dict[str, Any]], times: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One line for each size and task: mean over the seeds, their spread, parameters, milliseconds for a megapixel."""
    lines = []
    for key in dict.fromkeys((row["task"], row["width"], row["levels"]) for row in rows):
        mine = [row for row in rows if (row["task"], row["width"], row["levels"]) == key]
        scores = [row["score"] for row in mine]
        lines.append(
            dict(zip(("task", "width", "levels"), key, strict=True))
            | {
                "mean": float(np.mean(scores)),
                "sd": float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
                "parameters": mine[0]["parameters"],
                "ms": 1e3 * times[_label(*key[1:])]["median"],
                "step_s": float(np.median([row["step_s"] for row in mine])),
            }
        )
    return lines


def _one(out: Path, settings: SizesSettings, job: Job) -> str:
    """Train and judge one size, save the outcome at once; runs in a process of its own."""
    name, width, levels, seed = job
    net = net_of(width, levels, NormalizeSettings().inputs_per_channel)
    place, rate = _place(out, job), settings.rate
    outcome = tried(name, net, settings.data, place.with_suffix(".pt"), steps=settings.steps, rate=rate, seed=seed)
    score = outcome.scores[TASKS[name].score_name]
    result = {"task": name, "width": width, "levels": levels, "seed": seed, "score": score, "scores": outcome.scores}
    place.write_text(json.dumps(result | {"parameters": net.parameters, "step_s": outcome.step_s}, indent=1) + "\n")
    place.with_suffix(".pt").unlink()
    return f"{name}, {_label(width, levels)}, seed {seed}: {score:.3f}, {outcome.step_s:.2f} s per step"


def _times(settings: SizesSettings) -> dict[str, dict[str, Any]]:
    from apprentice_lab.timing.networks import prediction  # here: it loads torch

    inputs = NormalizeSettings().inputs_per_channel
    nets = {_label(w, n): net_of(w, n, inputs) for n in settings.levels for w in settings.widths}
    return prediction(nets, settings.repeats)


def _table(lines: Sequence[dict[str, Any]], tasks: Sequence[TaskName]) -> str:
    head = ["width, levels", "parameters", "ms/Mpixel", *(f"{task}, {TASKS[task].score_name}" for task in tasks)]
    found = {(line["task"], line["width"], line["levels"]): line for line in lines}
    body = []
    for _, width, levels in sorted({(line["ms"], line["width"], line["levels"]) for line in lines}):
        mine = [found[task, width, levels] for task in tasks]
        facts = [_label(width, levels), f"{mine[0]['parameters'] / 1e6:.2f} M", f"{mine[0]['ms']:.0f}"]
        body.append([*facts, *(_cell(line) for line in mine)])
    return report.markdown(head, body)


def _cell(line: dict[str, Any]) -> str:
    return f"{line['mean']:.3f}" + ("" if line["sd"] is None else f" ± {line['sd']:.3f}")


def _draw(axes: Any, task: TaskName, lines: Sequence[dict[str, Any]]) -> None:
    for levels in dict.fromkeys(line["levels"] for line in lines):
        mine = sorted(
            (line for line in lines if (line["task"], line["levels"]) == (task, levels)), key=lambda line: line["ms"]
        )
        x, y = [line["ms"] for line in mine], [line["mean"] for line in mine]
        axes.errorbar(x, y, [line["sd"] or 0 for line in mine], marker="o", capsize=3, label=f"{levels} levels")
        for line in mine:
            axes.annotate(str(line["width"]), (line["ms"], line["mean"]), (4, 4), textcoords="offset points")
    axes.set(xscale="log", xlabel="ms for a megapixel, one thread", ylabel=TASKS[task].score_name, title=task)
    axes.legend(frameon=False)


def _label(width: int, levels: int) -> str:
    return f"{width} x {levels}"


def _place(out: Path, job: Job) -> Path:
    task, width, levels, seed = job
    return out / "runs" / f"{task}-{width}x{levels}-{seed}.json"
