"""Processes that begin at once: one has imported what they need, and forks for each.

A process that is killed 1,000 times must not spend its life on importing. What is forked has no thread, window or
network of its own yet, so that it goes on as one that was just started.
"""

from __future__ import annotations

import importlib
import os
import signal
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import psutil

from napari_apprentice.errors import UserError

Work = Callable[[Connection, Any], None]
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Broke:
    """The last word of a process that met a bug."""

    traceback: str


@dataclass(frozen=True)
class Born:
    """A process and the pipe on which it tells what it does."""

    process: psutil.Process
    told: Connection

    def kill(self) -> None:
        """End it at once, as the system does when memory runs out."""
        self.process.send_signal(signal.SIGKILL)


class Nursery:
    """Forks processes that have ``modules`` loaded; `UserError` where the system has no fork."""

    def __init__(self, modules: Sequence[str]) -> None:
        if not hasattr(os, "fork"):
            raise UserError("Processes are killed only where they can be forked: run this on Linux or macOS.")
        self._folder = tempfile.TemporaryDirectory(prefix="apprentice-trust-")
        context = get_context("spawn")
        self._asked, there = context.Pipe()
        self._process = context.Process(target=_nurse, args=(tuple(modules), there))
        self._process.start()
        there.close()
        self._count = 0

    def begin(self, work: Work, plan: Any, log: Path) -> Born:
        """A process that does ``work(pipe, plan)``, and writes what it has to say to nobody into ``log``."""
        self._count += 1
        address = str(Path(self._folder.name, str(self._count)))
        with Listener(address, "AF_UNIX") as listener:
            self._asked.send((work, plan, address, str(log)))
            pid = self._asked.recv()
            return Born(psutil.Process(pid), listener.accept())

    def close(self) -> None:
        """End the process that forks; what it forked lives on."""
        self._asked.close()
        self._process.join(_PATIENCE_S)
        self._folder.cleanup()

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _nurse(modules: Sequence[str], asked: Any) -> None:
    for module in modules:
        importlib.import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who dies is gone
    while True:
        try:
            work, plan, address, log = asked.recv()
        except EOFError:
            return
        pid = os.fork()
        if pid == 0:
            asked.close()
            _live(work, plan, address, log)
        asked.send(pid)


def _live(work: Work, plan: Any, address: str, log: str) -> None:
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for stream in (1, 2):
            os.dup2(file, stream)
        with Client(address, "AF_UNIX") as told:
            try:
                work(told, plan)
                code = 0
            except BaseException:  # whatever it is, who waits has to hear of it
                told.send(Broke(traceback.format_exc()))
    finally:
        os._exit(code)
