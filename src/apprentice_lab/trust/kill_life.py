"""A process from its begin to the moment at which it is killed, as its parent hears it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import psutil

from apprentice_lab.trust.kill_told import Begins, Done, Opened, Plan
from apprentice_lab.trust.nursery import Born, Broke

_MOST_ACTIONS = 16
_MUTE_S = 300.0  # a window opens slowly on a busy machine
_ORPHANED_S = 60.0  # a process that is importing torch notices when it has done so


@dataclass
class Tally:
    """What the trial has seen until now."""

    failures: list[str] = field(default_factory=list)
    killed_in: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    cut: int = 0
    engines: int = 0
    took: dict[str, float] = field(default_factory=lambda: {"open": 0.1})  # seconds, the longest of each action


class Life:
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
