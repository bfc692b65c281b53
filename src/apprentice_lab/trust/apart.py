"""Tries in a process of their own: one that hangs or dies is a failure too, and the next try gets a new process."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Self

from apprentice_lab.trust.fair_clock import FairClock

_GRACE_S = 5.0
_LOOK_S = 0.5


class Apart:
    """Calls functions that give their failures as sentences, one after another, each for at most ``limit_s``.

    What is printed to stderr meanwhile, and what threads raise, are failures as well. Functions and arguments must be
    such as can be sent to another process.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._process: Any = None
        self._pipe: Connection | None = None

    def __call__(self, function: Callable[..., list[str]], *arguments: Any) -> list[str]:
        """The failures of one try."""
        pipe = self._running()
        pipe.send((function, arguments))
        try:
            if not self._answers(pipe):
                self.close()
                return [f"no answer within {self._limit_s:g} s"]
            failures: list[str] = pipe.recv()
        except (EOFError, OSError):
            self._process.join(_GRACE_S)
            code = self._process.exitcode
            self.close()
            return [f"the process died (exit code {code})"]
        return failures

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join(_GRACE_S)
        self._process = self._pipe = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answers(self, pipe: Connection) -> bool:
        """Whether there is an answer in time; what it waits for a processor does not count."""
        clock, begun = FairClock(self._process.pid), time.time()
        while not pipe.poll(min(_LOOK_S, self._limit_s)):
            clock.look()
            if clock.since(begun) > self._limit_s:
                return False
        return True

    def _running(self) -> Connection:
        if self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,))
            self._process.start()
            theirs.close()
        return self._pipe


def _serve(pipe: Connection) -> None:
    raised: list[str] = []
    threading.excepthook = lambda told: raised.append(f"a thread raised {told.exc_value!r}")
    sys.unraisablehook = lambda told: raised.append(f"{told.object!r} raised {told.exc_value!r}")
    with tempfile.TemporaryFile() as lines:
        os.dup2(lines.fileno(), 2)
        while True:
            try:
                function, arguments = pipe.recv()
            except (EOFError, OSError):
                return
            try:
                failures = function(*arguments)
            except Exception:
                failures = [traceback.format_exc()]
            sys.stderr.flush()
            lines.seek(0)
            printed = lines.read().decode(errors="replace").strip()
            lines.seek(0)
            lines.truncate()
            pipe.send([*failures, *raised, *([f"on stderr: {printed}"] if printed else [])])
            raised.clear()
