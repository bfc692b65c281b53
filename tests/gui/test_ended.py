"""A window that is asked to end saves and clears up, as if it had been closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from napari_apprentice.project.recent import recent_projects
from napari_apprentice.session import Session

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals that a process can answer")

WINDOW = """
import sys
import numpy as np
from napari.components import ViewerModel
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.gui.panel_runtime import PanelRuntime

application = QApplication([])
runtime = PanelRuntime(ViewerModel(), None, owns_session=True)
pixels = np.random.default_rng(0).integers(0, 250, (1, 1, 1, 20, 30)).astype(np.uint8)
runtime.session.add_image(Volume(pixels, name="cells"))
runtime.session.paint(np.arange(30), 5)
scratch = runtime.session.project.scratch
scratch.mkdir(exist_ok=True)
(scratch / "pixels.npy").write_bytes(b"on its way")
pump = QTimer()
pump.timeout.connect(runtime.session.pump)
pump.start(20)
QTimer.singleShot(0, lambda: print("there", flush=True))
sys.exit(application.exec())
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_window_that_is_asked_to_end_saves_and_clears_up(name: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WINDOW)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "there\n", child.stderr.read()
    child.send_signal(getattr(signal, name))
    _, words = child.communicate(timeout=60)
    assert child.returncode == 128 + getattr(signal, name), words
    assert "Traceback" not in words
    (found,) = recent_projects()
    assert not (found.path / "scratch").exists()
    assert left_of(found.path.parents[1]) == []
    with Session.open(found.path) as session:
        np.testing.assert_array_equal(session.current.labels[0, 0, 0], 5)


def left_of(home: Path) -> list[Path]:
    return [*home.glob("unfinished/*/*"), *home.rglob(".part-*")]
