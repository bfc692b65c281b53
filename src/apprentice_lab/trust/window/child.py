"""One window, one plan: ``python -m apprentice_lab.trust.window.child FOLDER PLAN [alone]``, without the panel
when napari is to be alone.

Writes into ``FOLDER`` which step it is at (``at.txt``), where it was when it ended by a signal (``fault.txt``), what
was done in numbers (``did.json``) and what was found (``found.txt``, empty when all is well).
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from apprentice_lab.trust.window.plan import Step, read_plan

if TYPE_CHECKING:
    from apprentice_lab.trust.window.complaints import Complaints

_CLOSELY = 25  # steps
_GONE_S = 10.0
_OF_OTHERS = ("napari", "runtime", "dask", "mesa", "matplotlib", "xdg", "cache", "torch")


def main(folder: Path, plan: Path, *, has_panel: bool = True) -> None:
    """Do the steps until something is wrong."""
    faulthandler.enable((folder / "fault.txt").open("w", encoding="utf-8"))
    for name, place in (("TMPDIR", "tmp"), ("APPRENTICE_HOME", "home"), ("NAPARI_CONFIG", "config/settings.yaml")):
        (folder / place).parent.mkdir(exist_ok=True)
        os.environ[name] = str(folder / place)
    for place in ("tmp", "home", "files"):
        (folder / place).mkdir(exist_ok=True)
    tempfile.tempdir = None
    found = _found(folder, read_plan(plan), has_panel=has_panel)
    (folder / "found.txt").write_text(found, encoding="utf-8")


def _found(folder: Path, steps: list[Step], *, has_panel: bool) -> str:
    from apprentice_lab.trust.window.complaints import Complaints

    complaints = Complaints()
    complaints.listen()
    try:
        _do(folder, steps, complaints, has_panel=has_panel)
        return _left_behind(folder)
    except BaseException as error:
        told = [*complaints.take(), "".join(traceback.format_exception(error))]
        return "\n".join(told)


def _do(folder: Path, steps: list[Step], complaints: Complaints, *, has_panel: bool) -> None:
    from apprentice_lab.trust.window.checks import look, look_closely
    from apprentice_lab.trust.window.desk import Desk, Wrong, wait
    from apprentice_lab.trust.window.steps import STEPS

    desk = Desk(folder / "files", has_panel=has_panel)
    wait(0.3)
    with (folder / "at.txt").open("w", encoding="utf-8") as log:
        for i, step in enumerate(steps):
            began = time.perf_counter()
            log.write(f"{i} {step.name} {step.number}")
            log.flush()
            STEPS[step.name](desk, random.Random(step.number))
            wait(0.02)
            look(desk)
            if i % _CLOSELY == _CLOSELY - 1 or i == len(steps) - 1:
                look_closely(desk)
                look(desk)
            told = [*complaints.take(), *desk.bugs]
            if told:
                raise Wrong("\n".join(told))
            log.write(f" {time.perf_counter() - began:.2f} s\n")
    desk.close()
    wait(0.3)
    (folder / "did.json").write_text(json.dumps(desk.did), encoding="utf-8")
    told = complaints.take()
    if told:
        raise Wrong("\n".join(["after the window was closed:", *told]))


def _left_behind(folder: Path) -> str:
    """Processes and files that nobody needs any more."""
    until = time.monotonic() + _GONE_S
    while (children := psutil.Process().children(recursive=True)) and time.monotonic() < until:
        time.sleep(0.1)
    told = [f"a process stays: {' '.join(child.cmdline())}" for child in children]
    kept = [path for path in (folder / "tmp").rglob("*") if not any(name in str(path).lower() for name in _OF_OTHERS)]
    kept += [path for path in (folder / "home").rglob("*") if ".part" in path.name or path.parent.name == "scratch"]
    kept += list((folder / "files").rglob("*.part*"))
    told += [f"a file stays: {path.relative_to(folder)}" for path in kept]
    return "\n".join(told)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), has_panel="alone" not in sys.argv[3:])
