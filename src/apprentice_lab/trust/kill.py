"""Kill -9 at random moments: nothing that was acknowledged is lost, and the project opens every time."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import psutil

from apprentice_lab.trust import kill_work
from apprentice_lab.trust.kill_told import Begins, Done, Network, Opened, Plan, Seen
from apprentice_lab.trust.nursery import Born, Broke, Nursery, Work
from apprentice_lab.trust.trial import Extent, Outcome, Trial

_GOAL = "nothing acknowledged is lost, the project opens every time"
_HEADLESS, _IN_WINDOW = 1000, 100
_HEADLESS_KINDS = {"none": 0.5, "inline": 0.2, "processes": 0.1, "large": 0.2}  # of projects
_LIVES = 12  # of one project
_MOST_ACTIONS = 16
_MUTE_S = 120.0
_ORPHANED_S = 20.0  # a process that is importing torch notices when it has done so
_LOADED = (
    "apprentice_lab.trust.kill_work",
    "napari_apprentice.engine.plans",
    "napari_apprentice.data.exports.tiff",
    "tifffile",
    "imagecodecs",
    "zarr",
)


@dataclass
class Tally:
    """What the trial has seen until now."""

    failures: list[str] = field(default_factory=list)
    killed_in: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    cut: int = 0
    engines: int = 0
    took: dict[str, float] = field(default_factory=lambda: {"open": 0.1})  # seconds, the longest of each action


def run(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """Kill as often as asked; a project that failed is kept in ``place``."""
    return (yield from _killed(place, extent, _HEADLESS, kill_work.work, _LOADED, _HEADLESS_KINDS))


def run_in_window(place: Path, extent: Extent) -> Generator[str, None, Outcome]:
    """The same with strokes of the mouse in a real window, where there is a screen."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return Outcome(0, (), {"not run": "there is no screen: start it with xvfb-run"})
    from apprentice_lab.trust import kill_window  # where there is no Qt, all other trials run

    loaded = ("apprentice_lab.trust.kill_window", *_LOADED[2:])
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
        plan = _Life(nursery.begin(work, plan, folder / "log.txt"), plan, random, tally).until_killed()
        if len(tally.failures) > before:
            return life + 1
    shutil.rmtree(folder, ignore_errors=True)
    return lives


class _Life:
    """One process from its begin to its end, heard on its pipe."""

    def __init__(self, born: Born, plan: Plan, random: np.random.Generator, tally: Tally) -> None:
        self._born = born
        self._plan = plan
        self._random = random
        self._tally = tally
        self._under_way: dict[str, Begins] = {}
        self._begun = {"open": time.perf_counter()}
        self._is_open = False
        self._is_new = False

    def until_killed(self) -> Plan:
        """Listen for some actions, kill at a random moment of the next; what the next life has to find."""
        actions = int(self._random.integers(0, _MOST_ACTIONS))
        heard = 0
        while heard < actions and (message := self._next(_MUTE_S)) is not None:
            heard += isinstance(message, Begins) and self._is_new
        current = next(reversed(self._begun)) if self._begun else "open"
        longest = self._tally.took.get(current, 0.02)
        until = time.perf_counter() + float(self._random.random()) * longest
        if self._plan.network == "processes" and self._random.random() < 0.4:
            self._kill_engines()
            until += 2 * longest
        while (left := until - time.perf_counter()) > 0 and self._next(left) is not None:
            pass
        children = self._children()
        self._end(children)
        while self._next(0) is not None:  # what it told before it died
            pass
        self._tally.killed_in[next(reversed(self._begun), "open") if self._is_open else "open"] += 1
        self._wait_for(children)
        if not self._is_open:
            return self._plan
        return replace(self._plan, under_way=tuple(self._under_way.values()))

    def _next(self, seconds: float) -> Any:
        """What it says next; None when it says nothing for so long, or has died."""
        try:
            if not self._born.told.poll(max(0.0, seconds)):
                if seconds == _MUTE_S:
                    self._fail(f"it said nothing for {_MUTE_S:.0f} s")
                return None
            message = self._born.told.recv()
        except (EOFError, OSError):
            return None
        self._hear(message)
        return message

    def _hear(self, message: Any) -> None:
        if isinstance(message, Broke):
            self._fail(message.traceback)
        elif isinstance(message, Opened):
            self._is_open = True
            self._tally.cut += message.cut
            for failure in message.failures:
                self._fail(failure)
            self._ended("open")
            self._plan = replace(self._plan, expected=message.seen, exports=message.exports, under_way=())
        elif isinstance(message, Begins):
            self._plan = replace(self._plan, expected=message.seen)
            self._is_new = message.action not in self._under_way  # a job tells again and again how far it is
            self._under_way[message.action] = message
            self._begun[message.action] = self._begun.pop(message.action, time.perf_counter())
        elif isinstance(message, Done):
            self._tally.acknowledged += 1
            self._under_way.pop(message.action, None)
            self._ended(message.action)
            exports = dict(self._plan.exports)
            if message.export:
                exports[message.export] = message.content
            self._plan = replace(self._plan, expected=message.seen, project=message.project, exports=exports)

    def _ended(self, action: str) -> None:
        begun = self._begun.pop(action, None)
        if begun is not None:
            took = time.perf_counter() - begun
            self._tally.took[action] = max(self._tally.took.get(action, 0.0), took)

    def _kill_engines(self) -> None:
        for child in self._children():
            self._tally.engines += 1
            _kill(child)

    def _end(self, children: list[psutil.Process]) -> None:
        """Kill it, alone or with its engine, whichever first."""
        order = [self._born.process, *(children if self._random.random() < 0.4 else [])]
        if self._random.random() < 0.5:
            order.reverse()
        for process in order:
            _kill(process)

    def _children(self) -> list[psutil.Process]:
        try:
            return self._born.process.children(recursive=True)
        except psutil.Error:
            return []

    def _wait_for(self, children: list[psutil.Process]) -> None:
        _, alive = psutil.wait_procs([self._born.process, *children], timeout=_ORPHANED_S)
        for process in alive:
            self._fail(f"a process lives on after its parent: {process}")
            _kill(process)

    def _fail(self, sentence: str) -> None:
        plan = self._plan
        self._tally.failures.append(
            f"{sentence} [project {plan.project}, life {plan.seed}, network {plan.network}, "
            f"large {plan.is_large}, under way {[one.action for one in plan.under_way]}]"
        )


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.Error:
        return


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
