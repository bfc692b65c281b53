"""One plan in a process of its own, and how it went."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apprentice_lab.trust.window.plan import Step, write_plan
from napari_apprentice.data.storage.results import folder

_LONGEST_STEP_S = 120.0
_LOOK_S = 0.2
_OURS = ("napari_apprentice", "apprentice_lab")
_GL = "vispy/gloo/gl"
_PAINT = "vispy/app/backends"


@dataclass(frozen=True)
class Day:
    """How a plan went.

    ``done`` of its steps were done, in ``seconds``; ``wrong`` is what was wrong ("" is nothing); ``ended_drawing`` says
    that the process ended inside OpenGL while napari drew its canvas; ``did`` counts edits and jobs.
    """

    done: int
    seconds: float
    wrong: str = ""
    ended_drawing: bool = False
    did: Counter[str] = field(default_factory=Counter)

    @property
    def kind(self) -> str:
        """What is the same when the same fault is met again: the last line, without numbers."""
        last = self.wrong.strip().rpartition("\n")[2]
        return "".join(letter for letter in last if not letter.isdigit())


def spend(place: Path, steps: Sequence[Step], *, has_panel: bool = True) -> Day:
    """Do a plan; without the panel it is napari alone."""
    shutil.rmtree(place, ignore_errors=True)
    write_plan(folder(place) / "plan.json", steps)
    command = [sys.executable, "-m", "apprentice_lab.trust.window.child", str(place), str(place / "plan.json")]
    began = time.monotonic()
    child = subprocess.Popen(
        [*command, *([] if has_panel else ["alone"])], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    at, since = "", began
    while child.poll() is None:
        time.sleep(_LOOK_S)
        now = _read(place / "at.txt")
        at, since = (at, since) if now == at else (now, time.monotonic())
        if time.monotonic() - since > _LONGEST_STEP_S:
            child.send_signal(signal.SIGABRT)  # so that it writes down where it is
            child.wait()
    done, seconds = _read(place / "at.txt").count("\n"), time.monotonic() - began
    did = Counter(json.loads(_read(place / "did.json") or "{}"))
    if child.returncode == 0:
        return Day(done, seconds, _read(place / "found.txt").strip(), did=did)
    frames = _frames(_read(place / "fault.txt"))
    ending = f"ended by {signal.Signals(-child.returncode).name}" if child.returncode < 0 else "ended early"
    return Day(done, seconds, "\n".join([*reversed(frames[:12]), ending]), is_drawing(frames), did)


def is_drawing(frames: Sequence[str]) -> bool:
    """Whether a stack, the innermost frame first, is inside OpenGL, called by the canvas and by nothing of ours."""
    painted = next((i for i, frame in enumerate(frames) if _PAINT in frame), None)
    inner = frames[: painted or 0]
    return bool(inner) and _GL in inner[0] and not any(name in frame for frame in inner for name in _OURS)


def _frames(fault: str) -> list[str]:
    """The stack of the thread that ended a process, the innermost first."""
    trace = fault.partition("Current thread")[2].partition("Extension modules")[0]
    return [line.strip() for line in trace.splitlines() if line.strip().startswith("File")]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
