"""A window that goes away with the panel in it: Python goes on."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from qtpy.QtTest import QTest

from napari_apprentice.runners import InlineRunners
from napari_apprentice.session import Session

WINDOW = """
import numpy as np
import napari
from PyQt6 import sip
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtTest import QTest
from napari_apprentice.gui.panel import ApprenticePanel

viewer = napari.Viewer()
viewer.add_image(np.random.default_rng(0).integers(0, 200, (60, 80)).astype(np.uint8), name="cells")
panel = ApprenticePanel(viewer)
viewer.window.add_dock_widget(panel, name="Apprentice", area="right")
QTest.qWait(50)
runtime = panel.runtime
runtime.session.paint(np.arange(30), 5)
path = runtime.session.project.path
{end}
QTest.qWait(50)
QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
QTest.qWait(50)
assert runtime.is_closed
from napari_apprentice.session import Session
with Session.open(path) as session:
    assert (session.current.labels == 5).sum() == 30
print("well", flush=True)
"""


@pytest.mark.parametrize("end", ["del panel; viewer.close()", "sip.delete(panel)"])
def test_a_window_that_goes_with_the_panel_in_it_saves_and_leaves_python_alive(end: str) -> None:
    code = textwrap.dedent(WINDOW).format(end=end)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.endswith("well\n"), run.stderr
    assert run.returncode == 0
    assert "Traceback" not in run.stderr


AT_EXIT = """
import sys
from pathlib import Path
import napari
import numpy as np
from qtpy.QtTest import QTest

viewer = napari.Viewer()
viewer.add_image(np.random.default_rng(0).integers(0, 250, (40, 50)).astype(np.uint8), name="cells")
_, panel = viewer.window.add_plugin_dock_widget("napari-apprentice")
QTest.qWait(300)
panel.session.paint(np.arange(30), 5)
print(panel.session.project.path, flush=True)
{before}
QTest.qWait(50)
viewer.close()
"""


@pytest.mark.parametrize("before", ["", "panel.objects.show()", "panel.how_well.show()"])
def test_a_script_that_ends_with_closing_the_viewer_saves_and_ends_well(before: str) -> None:
    code = AT_EXIT.format(before=before)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    with Session.open(Path(run.stdout.strip().splitlines()[-1]), InlineRunners()) as session:
        assert session.current is not None
        assert (session.current.labels == 5).sum() == 30


def test_what_was_to_be_shown_later_is_not_shown_in_a_panel_that_was_closed(panel, opened):
    before = panel.correct.count.text(), panel.project.export.isEnabled()
    opened.paint((30, 30), 7)
    panel.runtime.close()
    QTest.qWait(400)
    assert (panel.correct.count.text(), panel.project.export.isEnabled()) == before
    panel.correct.refresh()
    panel.project.refresh()
    assert (panel.correct.count.text(), panel.project.export.isEnabled()) != before
