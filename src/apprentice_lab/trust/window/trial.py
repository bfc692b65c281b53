"""The trial ``window``: many days in a window, each in a process of its own, so that one that ends ends alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from apprentice_lab.trust.trial import Extent, Outcome, Trial
from apprentice_lab.trust.window.plan import Step, draw_plan, write_plan
from apprentice_lab.trust.window.shrinking import shrink
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError

SEEDS, STEPS = 20, 500
_LONGEST_STEP_S = 120.0
_LOOK_S = 0.2
_TRIES = 40  # with fewer steps


@dataclass(frozen=True)
class Day:
    """How a plan went: how many of its steps were done, in how many seconds, and what was wrong ("" is nothing)."""

    done: int
    seconds: float
    wrong: str = ""

    @property
    def kind(self) -> str:
        """What is the same when the same fault is met again: the last line, without numbers."""
        last = self.wrong.strip().rpartition("\n")[2]
        return "".join(letter for letter in last if not letter.isdigit())


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """So many seeds of so many steps; the plan of one that fails is shrunk, kept and told."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError("There is no screen for a window: run this with xvfb-run.")
    total = extent.of(SEEDS * STEPS)
    count = max(1, round(total / STEPS))
    failures, done, seconds = [], 0, 0.0
    for seed in range(extent.seed, extent.seed + count):
        steps = draw_plan(seed, min(total, STEPS))
        day = spend(place / f"seed-{seed}", steps)
        done += day.done
        seconds += day.seconds
        if day.wrong:
            failures.append(_told(place / f"seed-{seed}", seed, steps[: day.done + 1], day))
        yield f"window, seed {seed}: {day.done} steps in {day.seconds:.0f} s{', failed' if day.wrong else ''}"
    return Outcome(count, tuple(failures), {"steps": done, "seconds a step": seconds / max(1, done)})


def spend(place: Path, steps: Sequence[Step]) -> Day:
    """Do a plan in a process of its own."""
    shutil.rmtree(place, ignore_errors=True)
    write_plan(folder(place) / "plan.json", steps)
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "apprentice_lab.trust.window.child", str(place), str(place / "plan.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    at, since = "", began
    while child.poll() is None:
        time.sleep(_LOOK_S)
        now = _read(place / "at.txt")
        at, since = (at, since) if now == at else (now, time.monotonic())
        if time.monotonic() - since > _LONGEST_STEP_S:
            child.send_signal(signal.SIGABRT)  # so that it writes down where it is
            child.wait()
    done = _read(place / "at.txt").count("\n")
    wrong = _read(place / "found.txt") if child.returncode == 0 else _ended(place, child.returncode)
    return Day(done, time.monotonic() - began, wrong.strip())


def _ended(place: Path, code: int) -> str:
    """How a process ended that could not say what it found."""
    words = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
    trace = _read(place / "fault.txt").partition("Current thread")[2].partition("Extension modules")[0]
    frames = [line.strip() for line in trace.splitlines() if "File" in line]
    return "\n".join([*reversed(frames[:12]), words])


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


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


TRIAL = Trial("window", "500 random steps of a window with jobs under way, 20 times: everything holds", run)
