"""Processes of this Python that do our work: how they are started, and how they let the window go first."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

_HERE = str(Path(__file__).resolve().parents[1])  # the folder this package was imported from


def start_child(arguments: Sequence[str], *, one_core_left: bool) -> subprocess.Popen[bytes]:
    """A process that runs a module with its arguments, and is talked to through pipes."""
    return _opened(arguments, subprocess.PIPE, environment(one_core_left=one_core_left))


def waited_for(arguments: Sequence[str]) -> int:
    """Run a module with its arguments in silence, to its end; its exit code.

    Nobody talks to it, so Ctrl+C in a terminal is not for it.
    """
    with _opened(arguments, subprocess.DEVNULL, environment(one_core_left=False), start_new_session=True) as process:
        return process.wait()


def answered(arguments: Sequence[str], patience_s: float) -> tuple[int, str]:
    """Run a module with its arguments: its exit code, and what it printed.

    `subprocess.TimeoutExpired` when it does not end in that time; it is ended then.
    """
    child = _opened(arguments, subprocess.PIPE, environment(one_core_left=False), start_new_session=True)
    with child:
        try:
            out, _ = child.communicate(timeout=patience_s)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
    return child.returncode, out.decode("utf-8", errors="replace")


def environment(*, one_core_left: bool) -> dict[str, str]:
    """The environment of such a process: it finds this package wherever it was imported from, and writes UTF-8.

    Safe path: a file ``queue.py`` in the folder napari was started from must not be imported.
    """
    found = dict(os.environ, PYTHONSAFEPATH="1", PYTHONIOENCODING="utf-8")
    known = [str(Path(part).resolve()) for part in found.get("PYTHONPATH", "").split(os.pathsep) if part]
    found["PYTHONPATH"] = os.pathsep.join(known if _HERE in known else [*known, _HERE])
    if one_core_left:
        found.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))
    return found


def lower_priority() -> None:
    """The window goes first; where the system does not allow it, all is as before."""
    with suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            os.nice(10)


def _opened(arguments: Sequence[str], pipe: int, environment: dict[str, str], **how: Any) -> subprocess.Popen[bytes]:
    if sys.platform == "win32":
        how["creationflags"] = subprocess.CREATE_NO_WINDOW  # a child of a program without a console would open one
    return subprocess.Popen(
        [sys.executable, "-m", *arguments], stdin=pipe, stdout=pipe, stderr=pipe, env=environment, **how
    )
