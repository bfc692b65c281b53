"""Kill -9 at random moments: nothing that was acknowledged is lost, and the project opens every time."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import psutil

from apprentice_lab.trust import kill_work
from apprentice_lab.trust.kill_life import Life, Tally
from apprentice_lab.trust.kill_told import Network, Plan, Seen
from apprentice_lab.trust.nursery import Nursery, Work
from apprentice_lab.trust.trial import Extent, Outcome, Trial

_GOAL = "nothing acknowledged is lost, the project opens every time"
_HEADLESS, _IN_WINDOW = 1000, 100
_HEADLESS_KINDS = {"none": 0.5, "inline": 0.2, "processes": 0.1, "large": 0.2}  # of projects
_LIVES = 12  # of one project
_LOADED = (
    "apprentice_lab.trust.kill_work",
    "napari_apprentice.engine.plans",
    "napari_apprentice.data.exports.tiff",
    "tifffile",
    "imagecodecs",
    "zarr",
)
_LOADED_BY_NAPARI = ("napari._qt.qt_main_window", "napari._vispy.canvas", "pandas", "xarray", "OpenGL.GL")


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """Kill as often as asked; a project that failed is kept in ``place``."""
    return (yield from _killed(place, extent, _HEADLESS, kill_work.work, _LOADED, _HEADLESS_KINDS))


def run_in_window(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """The same with strokes of the mouse in a real window, where there is a screen."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return Outcome(0, (), {"not run": "there is no screen: start it with xvfb-run"})
    from apprentice_lab.trust import kill_window  # where there is no Qt, all other trials run

    loaded = ("apprentice_lab.trust.kill_window", *_LOADED_BY_NAPARI, *_LOADED[2:])
    return (yield from _killed(place, extent, _IN_WINDOW, kill_window.work, loaded, {"processes": 1.0}))


def _killed(
    place: Path, extent: Extent, whole: int, work: Work, loaded: Sequence[str], kinds: Mapping[str, float]
) -> Generator[str, None, Outcome]:
    tally, random = Tally(), np.random.default_rng(extent.seed)
    count, done = extent.of(whole), 0
    with Nursery(loaded) as nursery:
        while done < count:
            known = len(tally.failures)
            kind = str(random.choice(list(kinds), p=list(kinds.values())))
            done += _project(nursery, work, place, random, min(_LIVES, count - done), tally, kind)
            yield from tally.failures[known:]
            yield f"kill: {done} of {count}, {len(tally.failures)} failures"
    left = _processes_of(place)
    if left:
        tally.failures.append(f"{len(left)} processes live on: {left}")
    numbers: dict[str, float | int | str] = {
        "acknowledged actions": tally.acknowledged,
        "engines killed alone": tally.engines,
        "records cut off": tally.cut,
        **{f"in {name}": n for name, n in sorted(tally.killed_in.items())},
    }
    return Outcome(count, tuple(tally.failures), numbers)


TRIAL = Trial("kill", _GOAL, run)
WINDOW_TRIAL = Trial("kill-window", f"{_GOAL}, in a window", run_in_window)


def _project(
    nursery: Nursery, work: Work, place: Path, random: np.random.Generator, lives: int, tally: Tally, kind: str
) -> int:
    """A project and up to so many lives in which it is worked on; each opens what the one before left. How many."""
    seed = int(random.integers(1 << 30))
    folder = place / f"project-{seed}"
    for name in ("home", "temporary", "exports", "projects"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    network = cast(Network, "none" if kind == "large" else kind)
    plan = Plan(str(folder), str(folder / "projects" / "first"), seed, network, kind == "large", Seen())
    before = len(tally.failures)
    for life in range(lives):
        plan = replace(plan, seed=seed + life)
        plan = Life(nursery.begin(work, plan, folder / "log.txt"), plan, random, tally).until_killed()
        if len(tally.failures) > before:
            return life + 1
    shutil.rmtree(folder, ignore_errors=True)
    return lives


def _processes_of(place: Path) -> list[str]:
    """Processes that work in the folder of the trial."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        try:
            is_ours = process.pid != os.getpid() and process.environ().get("APPRENTICE_HOME", "").startswith(str(place))
        except (psutil.Error, OSError):
            continue
        if is_ours:
            found.append(str(process))
    return found
