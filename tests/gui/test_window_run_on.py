from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.runners.cluster import kept
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
    assert kept.remembered().scheduler == "tcp://127.0.0.1:9"
    choose(place, "this computer")
    assert session.runners is runners
    assert kept.remembered().scheduler is None
    assert place.field.itemText(1) == "tcp://127.0.0.1:9"


def test_the_place_of_last_time_is_shown(viewer, session):
    from napari_apprentice.gui.sections.segment import SegmentSection

    kept.remember(ClusterSettings(scheduler="tcp://127.0.0.1:9"))
    section = SegmentSection(session)
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
