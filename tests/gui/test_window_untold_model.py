"""A model whose file does not tell all is asked for in a dialog, and used once that is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_apprentice.data.models import read_header
from napari_apprentice.session import Session

pytest.importorskip("onnx", reason="onnx is not installed: napari-apprentice[export]")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: napari-apprentice[export]")


@pytest.fixture
def session():
    """A session whose jobs run in another process, as in the window."""
    session = Session()
    yield session
    session.close()


def open_file(panel, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    section = panel.model
    at = section.choice.findText("open a model file...")
    section.choice.setCurrentIndex(at)
    section.choice.activated.emit(at)


def press(dialog) -> None:
    QTest.mouseClick(dialog.verb.button, Qt.MouseButton.LeftButton)


def test_what_a_file_does_not_tell_is_asked_for_in_a_dialog(panel, opened, qtbot, tmp_path: Path, monkeypatch) -> None:
    from tests.session.test_imported_models import Bright, graph_of

    path = tmp_path / "two.onnx"
    path.write_bytes(graph_of(Bright(), (1, 1, 32, 32), (2, 3)))
    open_file(panel, path, monkeypatch)
    qtbot.waitUntil(lambda: panel.untold.dialog is not None, timeout=120_000)
    dialog = panel.untold.dialog
    assert "does not tell what its outputs mean, how it wants intensities and how its" in dialog.words.text()
    assert not dialog.offsets.isVisible()
    assert not dialog.verb.button.isEnabled()
    assert "output 1" in dialog.verb.reason.text()
    for box in dialog.outputs.boxes:
        box.setCurrentIndex(5)  # nothing that is needed
    dialog.normalize.setCurrentIndex(2)
    dialog.activation.setCurrentIndex(0)
    press(dialog)
    qtbot.waitUntil(lambda: "says where objects are" in dialog.said.text(), timeout=120_000)
    for box, place in zip(dialog.outputs.boxes, (0, 1), strict=True):
        box.setCurrentIndex(place)
    press(dialog)
    qtbot.waitUntil(lambda: panel.untold.dialog is None, timeout=120_000)
    made = read_header(tmp_path / "two.safetensors")
    assert (made.representation, made.normalize.by) == ("boundaries", "mean")
    assert panel.session.model.key == str(tmp_path / "two.safetensors")
    assert panel.model.below.text() == ""


def test_a_file_that_tells_all_is_not_asked_about(panel, opened, qtbot, tmp_path: Path, monkeypatch) -> None:
    from tests.session.test_imported_models import Bright, broad, graph_of, packed

    path = packed(tmp_path / "broad.zip", broad(), weights_onnx=graph_of(Bright(1), (1, 1, 512, 512)))
    open_file(panel, path, monkeypatch)
    qtbot.waitUntil(lambda: panel.session.model.key == str(tmp_path / "broad.safetensors"), timeout=120_000)
    assert panel.untold.dialog is None


def test_affinities_are_asked_for_their_pairs(panel, qtbot) -> None:
    from napari_apprentice.gui.untold_dialog import UntoldDialog
    from napari_apprentice.jobs import Untold

    said: list[dict] = []
    dialog = UntoldDialog(Path("pairs.onnx"), said.append)
    qtbot.addWidget(dialog)
    dialog.ask(Untold(name="pairs", asks=("outputs", "normalize"), outputs=("", "", "")))
    dialog.show()
    dialog.outputs.boxes[0].setCurrentIndex(3)
    assert dialog.outputs.words == ("affinities",) * 3
    dialog.outputs.boxes[2].setEditText("mitochondria")
    dialog.normalize.setCurrentIndex(0)
    assert dialog.offsets.isVisible()
    for typed, why in (("", "0 of 2"), ("0 -1 0", "1 of 2"), ("0 -1", "three, z y x"), ("a b c", "whole numbers")):
        dialog.offsets.setText(typed)
        assert why in dialog.verb.reason.text()
    dialog.offsets.setText("0 -1 0, (0, 0, -1)")
    press(dialog)
    assert said[0]["offsets"] == ((0, -1, 0), (0, 0, -1))
    assert said[0]["outputs"] == ("affinities", "affinities", "mitochondria")
