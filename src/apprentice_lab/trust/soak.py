"""A long day: memory, handles and the time of an edit are at the end what they were in the beginning."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from apprentice_lab import plotting
from apprentice_lab.trust import soak_work
from apprentice_lab.trust.nursery import Broke, Nursery
from apprentice_lab.trust.soak_work import Day, Edited, Sample
from apprentice_lab.trust.trial import Extent, Outcome, Trial

_GOAL = "memory and handles flat; 95th percentile of the last 500 edits at most 1.2 times that of the first 500"
_EDITS, _TEACHINGS = 10_000, 50
_COMPARED = 500  # edits
_SLOWER = 1.2
_WARM = 0.2  # share of the day after which everything has been loaded and done once
_GROWTH_MB = 16.0  # of what is not there to be undone: memory allocators keep some, in pieces
_LOADED = ("apprentice_lab.trust.soak_work", "zarr", "tifffile", "imagecodecs")


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """Work through the day in a process of its own; ``soak.png`` shows memory and the time of edits."""
    shutil.rmtree(place / "work", ignore_errors=True)
    (place / "work").mkdir()
    edits, teachings = extent.of(_EDITS), extent.of(_TEACHINGS)
    took: list[Edited] = []
    samples: list[Sample] = []
    with Nursery(_LOADED) as nursery:
        told = nursery.begin(
            soak_work.work, Day(str(place / "work"), extent.seed, edits, teachings), place / "log.txt"
        ).told
        while (message := _next(told)) is not None:
            if isinstance(message, Broke):
                raise RuntimeError(message.traceback)
            if isinstance(message, Sample):
                samples.append(message)
                yield f"soak: {message}"
            else:
                took += message
    plotting.plots(
        place / "soak.png", 2, lambda axes, i: (_draw_memory, _draw_time)[i](axes, samples, took), size=(9, 4)
    )
    numbers = _measured(samples, took)
    return Outcome(len(took), tuple(_failures(samples, numbers)), numbers)


TRIAL = Trial("soak", _GOAL, run)


def _next(told: Any) -> Any:
    try:
        return told.recv()
    except EOFError:
        return None


def _measured(samples: Sequence[Sample], took: Sequence[Edited]) -> dict[str, float | int | str]:
    count = min(_COMPARED, len(took) // 2)
    first, last = ([1000 * edit.cpu_s for edit in part] for part in (took[:count], took[-count:]))
    walls = [float(np.percentile([1000 * edit.wall_s for edit in part], 95)) for part in (took[:count], took[-count:])]
    warm, end = _warm(samples), samples[-1]
    return {
        "teachings": end.teachings,
        "p95 of the first edits (ms of processor)": float(np.percentile(first, 95)),
        "p95 of the last edits (ms of processor)": float(np.percentile(last, 95)),
        "p95 of the first edits (ms)": walls[0],
        "p95 of the last edits (ms)": walls[1],
        "MB at 20 % of the day": warm.memory_mb,
        "MB at the end": end.memory_mb,
        "MB of them to be undone at 20 %": warm.undo_mb,
        "MB of them to be undone at the end": end.undo_mb,
        "handles": f"{warm.handles} to {end.handles}",
        "threads": f"{warm.threads} to {end.threads}",
        "processes": f"{warm.children} to {end.children}",
        "MB of project without its models": end.project_mb,
    }


def _failures(samples: Sequence[Sample], numbers: dict[str, Any]) -> list[str]:
    warm, end = _warm(samples), samples[-1]
    first, last = (numbers[f"p95 of the {which} edits (ms of processor)"] for which in ("first", "last"))
    found = []
    if last > _SLOWER * first:
        found.append(f"edits became slower: the 95th percentile went from {first:.2f} to {last:.2f} ms")
    growth = end.memory_mb - end.undo_mb - (warm.memory_mb - warm.undo_mb)
    if growth > _GROWTH_MB:
        found.append(f"memory grew by {growth:.0f} MB beside what can be undone")
    for what in ("handles", "threads", "children"):
        if getattr(end, what) > getattr(warm, what):
            found.append(f"{what} went from {getattr(warm, what)} to {getattr(end, what)}")
    return found


def _warm(samples: Sequence[Sample]) -> Sample:
    return next(sample for sample in samples if sample.edits >= _WARM * samples[-1].edits)


def _draw_memory(axes: Any, samples: Sequence[Sample], took: Sequence[Edited]) -> None:
    edits = [sample.edits for sample in samples]
    axes.plot(edits, [sample.memory_mb for sample in samples], label="memory of the process")
    axes.plot(edits, [sample.memory_mb - sample.undo_mb for sample in samples], label="without what can be undone")
    axes.set(xlabel="edits", ylabel="MB", ylim=(0, None))
    axes.legend()


def _draw_time(axes: Any, samples: Sequence[Sample], took: Sequence[Edited]) -> None:
    step = max(1, len(took) // 40)
    starts = range(0, len(took), step)
    for share in (50, 95):
        values = [np.percentile([1000 * edit.cpu_s for edit in took[i : i + step]], share) for i in starts]
        axes.plot(list(starts), values, label=f"{share}th percentile")
    axes.set(xlabel="edits", ylabel="ms of processor for an edit", ylim=(0, None))
    axes.legend()
