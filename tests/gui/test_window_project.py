from __future__ import annotations

import time

import numpy as np
import pytest
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.panel import ApprenticePanel
from napari_apprentice.project.folder import Project
from napari_apprentice.project.recent import recent_projects
from napari_apprentice.session import Session


@pytest.fixture(autouse=True)
def no_processes(monkeypatch, runners):
    """A session that the panel makes itself gets the test's runners."""
    monkeypatch.setattr("napari_apprentice.session.compute.ProcessRunners", lambda: runners)


def dock(viewer, runners):
    panel = ApprenticePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Apprentice", area="right")
    return panel


def close(viewer, panel):
    viewer.window.remove_dock_widget(panel)
    QTest.qWait(20)


def test_closed_panel_leaves_the_masks_and_continues_where_it_was(viewer, runners, cells):
    panel = dock(viewer, runners)
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    painted = panel.session.current.labels.copy()
    close(viewer, panel)
    assert panel.runtime.is_closed
    left = [layer for layer in viewer.layers if isinstance(layer, ApprenticeLabels)]
    assert [layer.editable for layer in left] == [False]

    again = dock(viewer, runners)
    assert again.offer.isHidden()
    assert np.array_equal(again.session.current.labels, painted)
    assert [layer.name for layer in viewer.layers].count("cells") == 1
    assert again.label_layers.labels.editable
    close(viewer, again)
    assert len(recent_projects()) == 1


def test_images_come_back_into_an_empty_viewer(viewer, runners, cells):
    panel = dock(viewer, runners)
    viewer.add_image(cells(), name="cells", scale=(0.5, 0.5), units=("um", "um"))
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    close(viewer, panel)
    viewer.layers.clear()
    again = dock(viewer, runners)
    again.offer.click()
    assert tuple(viewer.layers["cells"].scale) == (0.5, 0.5)
    assert again.label_layers.labels.data[30, 30] == 7
    close(viewer, again)


def test_project_that_is_open_elsewhere_is_said(viewer, runners, cells):
    with Session(Project.create(name="mine")):
        panel = dock(viewer, runners)
        panel.offer.click()
        assert "is open in another window" in panel.project.below.text()
        close(viewer, panel)


def test_a_folder_that_is_gone_is_said_and_another_one_offered(viewer, runners, cells, tmp_path, monkeypatch):
    panel = dock(viewer, runners)
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    section = panel.project
    assert section.elsewhere.isHidden()
    panel.session.project.path.rename(tmp_path / "moved")
    until = time.monotonic() + 10
    while section.elsewhere.isHidden() and time.monotonic() < until:
        QTest.qWait(50)
    assert "renamed or moved" in section.trouble.text()
    panel.label_layers.labels.paint((40, 40), 8)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "new"))
    section.elsewhere.click()
    assert section.elsewhere.isHidden()
    assert section.words.toolTip() == str(tmp_path / "new")
    panel.label_layers.labels.paint((50, 50), 9)
    painted = panel.session.current.labels.copy()
    close(viewer, panel)
    with Session.open(tmp_path / "new", runners) as again:
        assert again.images.complaints == []
        assert np.array_equal(again.current.labels, painted)
        assert {7, 8, 9} <= set(np.unique(painted))


def test_copy_methods_puts_the_paragraph_on_the_clipboard(panel, opened, qtbot):
    panel.project.methods.click()
    text = QGuiApplication.clipboard().text()
    assert text.startswith("One 2D image (pixel size 0.5 x 0.5 um) was segmented into objects with napari-apprentice")
    assert "No model is noted" in text
    assert panel.project.aside.text() == "copied"
