"""``apprentice demo``: the loop on a real sample, in a window where there is a screen."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from napari_apprentice import demo as loop
from napari_apprentice.cli.progress import console, say


def demo(*, headless: bool = False, out: Path = Path("apprentice-demo"), seconds: float = 45.0) -> None:
    """Open napari with a sample and the panel ready; without a screen, run the whole loop and write what it gave.

    Parameters
    ----------
    headless
        Run without a window even where there is a screen.
    out
        Folder for labels, the before/after picture and the scores (headless only).
    seconds
        Longest time to teach (headless only).
    """
    if headless or (reason := why_no_window()):
        if not headless:
            console().print(f"{reason} Running the same loop without a window.", highlight=False)
        for line in loop.run(out, teach_seconds=seconds):
            say(line)
        return
    # by name: the two faces do not import each other
    import_module("napari_apprentice.gui.app").run_demo()


def why_no_window() -> str:
    """Why napari cannot open a window here; empty when it can."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "There is no screen."
    if not any(find_spec(binding) for binding in ("PyQt6", "PySide6", "PyQt5")):
        return 'No Qt is installed (pip install "napari-apprentice[all]").'
    return ""
