"""Exporting labels of a large image from the panel: in a process of its own, with progress and cancel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_apprentice.data.files import read_image
from napari_apprentice.gui.opening import read
from napari_apprentice.runners import ProcessRunners
from napari_apprentice.session import SessionOptions


@pytest.fixture
def runners():
    runners = ProcessRunners()
    yield runners
    runners.close()


@pytest.fixture
def target(panel, viewer, tmp_path: Path, monkeypatch) -> Path:
    """A large image with one object is open; the dialog answers with this path."""
    path, target = tmp_path / "slide.tif", tmp_path / "labels.zarr"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 200, (2600, 4400)).astype(np.uint16))
    panel.session.options = SessionOptions(largest_whole=1_000_000)
    [(data, options, _)] = read(str(path))
    viewer.add_image(data, **options)
    QTest.qWait(50)
    panel.session.open_region((0, 0, 0, 0))
    panel.session.paint(np.arange(50), 3)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(target), ""))
    return target


def test_labels_are_written_while_the_window_works(panel, target, qtbot):
    section = panel.project
    qtbot.waitUntil(section.export.isEnabled, timeout=5_000)
    section.export.click()
    assert section.export.text() == "Cancel export"
    assert section.aside.text() == "exporting..."
    qtbot.waitUntil(target.exists, timeout=60_000)
    qtbot.waitUntil(lambda: section.export.text() == "Export labels...", timeout=5_000)
    assert section.aside.text() == "exported"
    labels = np.asarray(read_image(target).pixels)
    assert np.count_nonzero(labels) == np.count_nonzero(labels[0, 0, 0, 0, :50] == 3) == 50


def test_it_can_be_cancelled(panel, target, qtbot):
    section = panel.project
    qtbot.waitUntil(section.export.isEnabled, timeout=5_000)
    section.export.click()
    section.export.click()
    qtbot.waitUntil(lambda: section.export.text() == "Export labels...", timeout=5_000)
    assert section.aside.text() == "export cancelled"
    assert not list(target.parent.glob("*labels.zarr*"))


def test_the_dialog_begins_where_the_image_lies(panel, target, qtbot, monkeypatch):
    asked = []
    qtbot.waitUntil(panel.project.export.isEnabled, timeout=5_000)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *told: asked.append(told[2]) or ("", ""))
    panel.project.export.click()
    assert asked == [str(target.parent / "slide_labels.tif")]
