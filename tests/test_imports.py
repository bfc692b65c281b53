"""The walls between the rooms: who imports whom, and what a process that shows the window has loaded."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules_after(code: str) -> set[str]:
    """The top-level names in `sys.modules` of a fresh process that ran ``code``."""
    code += "\nimport sys; sys.stdout.write(' '.join({name.partition('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.split())


def test_rooms_import_one_way() -> None:
    linter = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run = subprocess.run(
        [sys.executable, "-c", linter], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_tests_of_the_product_do_without_the_lab() -> None:
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path.relative_to(ROOT).parts[1] != "lab"]
    lab = re.compile(r"^\s*(from|import) apprentice_lab\b", re.MULTILINE)
    assert len(tests) > 100
    assert not [str(path) for path in tests if lab.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("module", ["napari_apprentice", "napari_apprentice.cli", "napari_apprentice.session"])
def test_neither_torch_nor_qt_is_loaded_by(module: str) -> None:
    assert not modules_after(f"import {module}") & {"torch", "napari", "qtpy", "PyQt6"}


def test_public_names_are_found_and_torch_stays_out() -> None:
    code = "import napari_apprentice as na\n[getattr(na, name) for name in na.__all__]"
    assert not modules_after(code) & {"torch", "napari", "qtpy"}


def test_runners_and_jobs_do_without_the_engine() -> None:
    code = "import napari_apprentice.runners, sys\nassert not [m for m in sys.modules if 'apprentice.engine' in m]"
    assert "torch" not in modules_after(code)


@pytest.mark.skipif(
    sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")),
    reason="there is no screen: run under xvfb-run",
)
def test_the_window_with_the_panel_open_has_no_torch(tmp_path: Path) -> None:
    code = f"""
import os, sys
os.environ["APPRENTICE_HOME"] = {str(tmp_path)!r}
from napari_apprentice.gui.app import open_window
viewer, panel = open_window(show=False)
loaded = [name for name in sys.modules if name == "torch" or "apprentice.engine" in name]
panel.runtime.close()
viewer.close()
assert not loaded, loaded
"""
    modules_after(code)
