"""Every network of the family on the same small real tasks: score, size, operations, time.

All learn from scratch in the same way: as many steps on the same patches, the same augmentation, optimiser and
learning rate, and each is as wide as it takes to have about as many parameters as a U-Net of width 16. Interrupted, it
goes on where it stopped when it is run again with the same folder.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from apprentice_lab.bench import family_pictures, family_report, report
from apprentice_lab.bench.experiment import Experiment, Processes, Rate, Repeats, Seeds, Steps, Trained, run_timed
from apprentice_lab.bench.tasks import TASKS, BenchTask, TaskName, read, read_all
from apprentice_lab.bench.trials import evaluation_of, run_trial
from napari_apprentice.architecture import PRESETS, NetSettings, PresetName, preset
from napari_apprentice.settings import NormalizeSettings, Settings

Job = tuple[TaskName, str, int]

VALID = " (valid)"  # behind the name of a net of valid convolutions in its published form
_NARROWEST, _WIDEST = 4, 64
_SHOWN = 3  # dev images of which labels are kept, to be looked at


class FamilySettings(Settings):
    """What to compare, and for how long each network may learn."""

    data: Annotated[Path, Field(description="Folder with dsb2018, em_fib25 and the nuclei3d sets.")] = report.DATA
    tasks: Annotated[tuple[TaskName, ...], Field(description="What is learned.")] = (
        "nuclei-2d",
        "nuclei-3d",
        "membranes",
    )
    networks: Annotated[tuple[PresetName, ...], Field(description="Which networks.")] = tuple(PRESETS)
    seeds: Seeds = (0, 1, 2)
    steps: Steps = 200
    rate: Rate = 1e-3
    width: Annotated[int, Field(ge=4, le=64, description="Of the U-Net whose number of parameters all have.")] = 16
    valid: Annotated[bool, Field(description="Also the U-Net of 2015 without padding, at several times the cost.")] = (
        True
    )
    processes: Processes = 2
    repeats: Repeats = 7
    features: Annotated[bool, Field(description="Also time what torch offers: layouts, bfloat16, compiling.")] = True


def run(out: Path, settings: FamilySettings) -> Iterator[str]:
    """Write ``results.json``, ``family.md`` with the tables, a plot, and a picture of what was found for each task.

    ``runs`` has a file for each training.
    """
    rows = yield from EXPERIMENT.rows(out, settings)
    times = yield from run_timed(out, "timing predictions, and what torch offers", _times, settings)
    for name in settings.tasks:
        jobs = [job for job in plan_jobs(settings) if job[0] == name and job[2] == settings.seeds[0]]
        found = {job[1]: EXPERIMENT.labels_of(out, job) for job in jobs}
        family_pictures.write(out / f"family-{name}.png", TASKS[name], read(name, settings.data)[1][0], found)
    yield from family_report.write(out, settings.model_dump(), rows, times)


def plan_jobs(settings: FamilySettings) -> list[Job]:
    """Task, network and seed of every training, seed by seed; what costs most comes last."""
    jobs: list[Job] = [
        (task, name, seed)
        for seed in settings.seeds
        for task in settings.tasks
        for name in settings.networks
        if TASKS[task].dims in PRESETS[name].dims
    ]
    published: list[Job] = [
        (task, "unet-2015" + VALID, seed)
        for seed in settings.seeds
        for task in settings.tasks
        if settings.valid and "unet-2015" in settings.networks and TASKS[task].dims == 2
    ]
    return jobs + published


def net_for(task: BenchTask, label: str, width: int, in_channels: int) -> NetSettings:
    """The network of about as many parameters as a U-Net of `width` has in as many dimensions.

    As a fresh start has it: with the norm it needs from scratch, and padded unless `label` says otherwise.
    """
    name: Any = label.removesuffix(VALID)

    def at(wide: int) -> NetSettings:
        return preset(name, task.dims, in_channels, task.out_channels, wide)

    goal = preset("unet", task.dims, in_channels, task.out_channels, width).parameters
    nets = [at(wide) for wide in range(_NARROWEST, _WIDEST + 1, 4)]
    net = min(nets, key=lambda one: abs(np.log(one.parameters / goal)))
    changes = dict(PRESETS[name].from_scratch)
    if not label.endswith(VALID):
        changes["padding"] = "same"
    return net.model_copy(update=changes)


def _train(settings: FamilySettings, job: Job, checkpoint: Path) -> Trained:
    """One network on one task."""
    name, label, seed = job
    task = TASKS[name]
    net = net_for(task, label, settings.width, NormalizeSettings().inputs_per_channel)
    train, dev = read(name, settings.data)
    began = time.monotonic()
    outcome = run_trial(task, net, train, evaluation_of(task, train, dev), settings, seed, checkpoint)
    row = {
        "task": name,
        "network": label,
        "seed": seed,
        "score": outcome.scores[task.score_name],
        "scores": outcome.scores,
        "net": net.model_dump(mode="json"),
        "parameters": net.parameters,
        "step_s": outcome.step_s,
        "seconds": time.monotonic() - began,
        "decode": outcome.decode.model_dump(mode="json"),
    }
    return Trained(row, f"{name}, {label}, seed {seed}: {outcome.words}", outcome.found[:_SHOWN])


def _times(settings: FamilySettings) -> dict[str, Any]:
    """Seconds to predict a megapixel, of all networks in turn, and what torch's features do for the U-Net."""
    from apprentice_lab.timing import networks  # here: it loads torch

    inputs = NormalizeSettings().inputs_per_channel
    found: dict[str, Any] = {"predict": {}}
    for dims in sorted({TASKS[name].dims for name in settings.tasks}):
        task = next(TASKS[name] for name in settings.tasks if TASKS[name].dims == dims)
        labels = dict.fromkeys(label for name, label, _ in plan_jobs(settings) if TASKS[name].dims == dims)
        nets = {label: net_for(task, label, settings.width, inputs) for label in labels}
        found["predict"][f"{dims}D"] = networks.prediction(nets, settings.repeats)
    net = preset("unet", 2, inputs, 2, settings.width)
    found["features"] = networks.features(net, settings.repeats) if settings.features else []
    return found


def _stem(job: Job) -> str:
    task, label, seed = job
    return f"{task}-{label.replace(' (', '-').rstrip(')')}-{seed}"


EXPERIMENT = Experiment(plan_jobs, _stem, read_all, _train)
