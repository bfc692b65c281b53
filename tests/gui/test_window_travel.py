"""Models leave and come through the list of models."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtWidgets import QFileDialog

from napari_apprentice.jobs import ExportModelJob, ImportModelJob


def choose(section, text: str) -> None:
    at = section.choice.findText(text)
    section.choice.setCurrentIndex(at)
    section.choice.activated.emit(at)


def test_the_model_in_use_is_exported_from_the_list(
    panel, opened, runners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = (str(tmp_path / "mine"), "ONNX (*.onnx)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: asked)
    panel.session.choose_model("nuclei-2d")
    choose(panel.model, "export this model...")
    job = runners.jobs[-1].job
    assert isinstance(job, ExportModelJob)
    assert (job.to, Path(job.out).name) == ("onnx", "mine.onnx")
    assert panel.model.aside.text() == "Writing the model..."
    assert panel.model.choice.currentData() == "nuclei-2d"


def test_a_file_that_the_dialog_did_not_ask_about_stays(panel, opened, runners, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"another")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine"), "ONNX (*.onnx)"))
    panel.session.choose_model("nuclei-2d")
    before = len(runners.jobs)
    choose(panel.model, "export this model...")
    assert len(runners.jobs) == before
    assert "mine.onnx is there already" in panel.model.below.text()


def test_a_fresh_network_is_not_exported(panel, opened, runners) -> None:
    panel.session.choose_model("fresh")
    before = len(runners.jobs)
    choose(panel.model, "export this model...")
    assert len(runners.jobs) == before
    assert "knows nothing yet" in panel.model.below.text()


def test_a_package_is_imported_beside_itself(panel, opened, runners, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "theirs.zip").write_bytes(b"PK")
    (tmp_path / "theirs.safetensors").write_bytes(b"another")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "theirs.zip"), ""))
    choose(panel.model, "open a model file...")
    job = runners.jobs[-1].job
    assert isinstance(job, ImportModelJob)
    assert Path(job.out).name == "theirs-2.safetensors"
