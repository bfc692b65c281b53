from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.runners.cluster import choice
from napari_apprentice.runners.cluster.remote import ClusterRunners
from napari_apprentice.settings import ClusterSettings


def choose(place, text):
    line = place.field.lineEdit()
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def test_an_address_is_taken_kept_and_can_be_left_again(panel, runners):
    place = panel.segment.place
    assert place.field.currentText() == "this computer"
    assert place.words.isHidden()
    choose(place, "127.0.0.1:9")
    session = panel.session
    assert session.compute.place == ClusterSettings(scheduler="tcp://127.0.0.1:9")
    assert isinstance(session.runners, ClusterRunners)
    assert session.runners.here is runners
    assert "you trust" in place.words.text()
    assert choice.read_choice().scheduler == "tcp://127.0.0.1:9"
    choose(place, "this computer")
    assert session.runners is runners
    assert choice.read_choice().scheduler is None
    assert place.field.itemText(1) == "tcp://127.0.0.1:9"


def test_the_place_of_last_time_is_shown(viewer, session):
    from napari_apprentice.gui.sections.segment import SegmentSection

    choice.remember(ClusterSettings(scheduler="tcp://127.0.0.1:9"))
    section = SegmentSection(session, lambda: None, lambda: None)
    assert section.place.field.currentText() == "tcp://127.0.0.1:9"
    assert session.compute.place.scheduler == "tcp://127.0.0.1:9"


def test_a_scheduler_that_does_not_answer_is_said_in_the_section(panel, opened):
    pytest.importorskip("distributed")
    choose(panel.segment.place, "tcp://127.0.0.1:9")
    panel.segment.job.verb.button.click()
    for _ in range(400):
        QTest.qWait(100)
        if not panel.session.busy():
            break
    assert "No dask scheduler answers at tcp://127.0.0.1:9" in panel.segment.sentence


def test_a_new_project_keeps_the_place_and_the_warm_engine(viewer, runners, cells, monkeypatch):
    from napari_apprentice.gui.panel import ApprenticePanel

    closed = []
    monkeypatch.setattr("napari_apprentice.session.compute.ProcessRunners", lambda: runners)
    monkeypatch.setattr(runners, "close", lambda: closed.append(True))
    panel = ApprenticePanel(viewer)
    viewer.window.add_dock_widget(panel, name="Apprentice", area="right")
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    choose(panel.segment.place, "127.0.0.1:9")
    before, project = panel.session.runners, panel.session.project
    panel.new_project()
    assert panel.session.project is not project
    assert not panel.session.current.is_labelled
    assert panel.session.runners is before
    assert panel.session.compute.place.scheduler == "tcp://127.0.0.1:9"
    assert panel.segment.place.field.currentText() == "tcp://127.0.0.1:9"
    assert not closed
    panel.runtime.close()
    assert closed
