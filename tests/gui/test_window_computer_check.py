from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog


@pytest.fixture
def check(panel, opened, qtbot, tmp_path, monkeypatch):
    """*Check this computer*, when it is through."""
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path))
    QTest.qWait(100)
    panel.segment.check.click()
    dialog = panel.computer
    panel.check_computer()
    assert panel.computer is dialog
    assert not dialog.copy.isEnabled()
    qtbot.waitUntil(lambda: dialog.report is not None, timeout=100_000)
    return dialog


def test_each_device_is_said_copied_and_packed(panel, check, tmp_path, monkeypatch):
    assert check.words.text() == "All that is here computes what it should."
    assert "ms a megapixel" in check.text.toPlainText()
    assert "OpenGL: " in check.text.toPlainText()
    check.copy.click()
    assert QApplication.clipboard().text() == check.text.toPlainText()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "told"), ""))
    check.project.setChecked(True)
    check.save.click()
    assert check.words.text() == f"Written to {tmp_path / 'told.zip'}."
    with zipfile.ZipFile(tmp_path / "told.zip") as packed:
        assert b"cells" not in packed.read("project.json")
    check.names.setChecked(True)
    check.save.click()
    assert "is there already" in check.words.text()  # the dialog asked about another name
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "told.zip"), ""))
    check.save.click()
    with zipfile.ZipFile(tmp_path / "told.zip") as packed:
        assert b"cells" in packed.read("project.json")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(Path("/proc/no")), ""))
    check.save.click()
    assert "/proc" in check.words.text()
    check.close()
    QTest.qWait(50)
    assert panel.computer is None
