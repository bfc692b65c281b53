"""How wide and how deep a U-Net is worth being: score against the time it takes to predict.

Every size learns for as many steps as the others from the same patches, and is timed as *Segment* runs it. Interrupted,
it goes on where it stopped when it is run again with the same folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from apprentice_lab.bench import report
from apprentice_lab.bench.experiment import Experiment, Processes, Rate, Repeats, Seeds, Steps, Trained, run_timed
from apprentice_lab.bench.tasks import TASKS, TaskName, read, read_all
from apprentice_lab.bench.trials import evaluation_of, run_trial
from napari_apprentice.architecture import NetSettings
from napari_apprentice.settings import NormalizeSettings, Settings

Job = tuple[TaskName, int, int, int]


class SizesSettings(Settings):
    """What to compare, and for how long each network may learn."""

    data: Annotated[Path, Field(description="Folder with dsb2018 and usiigaci_phase.")] = report.DATA
    tasks: Annotated[tuple[TaskName, ...], Field(description="What is learned, in 2D.")] = ("nuclei-2d", "cells-2d")
    widths: Annotated[tuple[int, ...], Field(description="Channels of the first level.")] = (8, 12, 16, 24, 32)
    levels: Annotated[tuple[int, ...], Field(description="How many levels; each doubles the channels.")] = (4, 5)
    seeds: Seeds = (0, 1)
    steps: Steps = 400
    rate: Rate = 2e-3
    processes: Processes = 2
    repeats: Repeats = 7


def run(out: Path, settings: SizesSettings) -> Iterator[str]:
    """Write ``results.json``, ``sizes.md`` and ``sizes.png``; ``runs`` has a file for each training."""
    rows = yield from EXPERIMENT.rows(out, settings)
    times = yield from run_timed(out, "timing predictions", _times, settings)
    lines = summary(rows, times)
    text = _table(lines, settings.tasks)
    (out / "sizes.md").write_text(text + "\n", encoding="utf-8")
    document = {"bench": "sizes", "settings": settings.model_dump(mode="json"), "table": lines, "runs": rows}
    report.write(out, document)
    report.plots(
        out / "sizes.png",
        len(settings.tasks),
        lambda axes, i: _draw(axes, settings.tasks[i], lines),
        size=(5.0 * len(settings.tasks), 4.0),
    )
    yield from text.splitlines()


def plan_jobs(settings: SizesSettings) -> list[Job]:
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
                "sd": report.deviation(scores),
                "parameters": mine[0]["parameters"],
                "ms": 1e3 * times[_label(*key[1:])]["median"],
                "step_s": float(np.median([row["step_s"] for row in mine])),
            }
        )
    return lines


def _train(settings: SizesSettings, job: Job, checkpoint: Path) -> Trained:
    """One size on one task."""
    name, width, levels, seed = job
    task = TASKS[name]
    net = net_of(width, levels, NormalizeSettings().inputs_per_channel)
    train, dev = read(name, settings.data)
    outcome = run_trial(task, net, train, evaluation_of(task, train, dev), settings, seed, checkpoint)
    row = {
        "task": name,
        "width": width,
        "levels": levels,
        "seed": seed,
        "score": outcome.scores[task.score_name],
        "scores": outcome.scores,
        "parameters": net.parameters,
        "step_s": outcome.step_s,
    }
    return Trained(row, f"{name}, {_label(width, levels)}, seed {seed}: {outcome.words}")


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


def _stem(job: Job) -> str:
    task, width, levels, seed = job
    return f"{task}-{width}x{levels}-{seed}"


EXPERIMENT = Experiment(plan_jobs, _stem, read_all, _train)
