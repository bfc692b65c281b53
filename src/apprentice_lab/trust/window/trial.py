"""The trial ``window``: many days in a window, each in a process of its own, so that one that ends ends alone."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path

from apprentice_lab.trust.trial import Extent, Outcome, Trial
from apprentice_lab.trust.window.days import Day, spend
from apprentice_lab.trust.window.plan import Step, draw_plan, write_plan
from apprentice_lab.trust.window.shrinking import shrink
from napari_apprentice.errors import UserError

SEEDS, STEPS = 20, 500
_TRIES = 40  # with fewer steps
_ALONE = 4  # windows of napari without the panel, to see whether they end in the same call
_DRAWING = "ended while napari drew"


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """So many seeds of so many steps; the plan of one that fails is shrunk, kept and told.

    A process that ends inside OpenGL while napari draws counts apart, if napari without the panel ends there, too.
    """
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError("There is no screen for a window: run this with xvfb-run.")
    total = extent.of(SEEDS * STEPS)
    count = max(1, round(total / STEPS))
    days: list[Day] = []
    failures: list[str] = []
    for seed in range(extent.seed, extent.seed + count):
        steps = draw_plan(seed, min(total, STEPS))
        day = spend(place / f"seed-{seed}", steps)
        days.append(day)
        how = f", {_DRAWING}" if day.ended_drawing else ", failed" if day.wrong else ""
        yield f"window, seed {seed}: {day.done} steps in {day.seconds:.0f} s{how}"
        if day.wrong and not day.ended_drawing:
            failures.append(_told(place / f"seed-{seed}", seed, steps[: day.done + 1], day))
    numbers = _numbers(days)
    drawing = [day for day in days if day.ended_drawing]
    if drawing:
        alone = _alone(place / "alone", extent.seed)
        numbers |= {_DRAWING: len(drawing), "so did napari alone": f"{alone} of {_ALONE}"}
        failures += [day.wrong for day in drawing]
    return Outcome(count, tuple(failures), numbers)


def _numbers(days: Sequence[Day]) -> dict[str, float | int | str]:
    did = sum((day.did for day in days), Counter())
    steps = sum(day.done for day in days)
    return {
        "steps": steps,
        "seconds a step": sum(day.seconds for day in days) / max(1, steps),
        **dict(sorted(did.items())),
    }


def _alone(place: Path, first: int) -> int:
    """In how many windows napari without the panel ends while it draws."""
    plans = [draw_plan(seed, STEPS, has_panel=False) for seed in range(first, first + _ALONE)]
    return sum(spend(place / str(i), plan, has_panel=False).ended_drawing for i, plan in enumerate(plans))


def _told(place: Path, seed: int, steps: Sequence[Step], day: Day) -> str:
    """The failure in a few lines, with the fewest steps that were found to come to it."""
    trial = place / "shrinking"
    fewest = shrink(steps, lambda fewer: spend(trial, fewer).kind == day.kind, tries=_TRIES)
    shutil.rmtree(trial, ignore_errors=True)
    write_plan(place / "shrunk.json", fewest)
    listed = ", ".join(map(str, fewest))
    return (
        f"seed {seed} (alone: --trials window --seed {seed} --share {1 / SEEDS:g}): {day.wrong}\n"
        f"{len(fewest)} steps are enough, kept in {place / 'shrunk.json'}: {listed}"
    )


TRIAL = Trial("window", f"{STEPS} random steps of a window with jobs under way, {SEEDS} times: everything holds", run)
