"""How well a model does, in the window: real clicks on the pane, a played engine that finds all cells."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_apprentice.data.labels.mistakes import KINDS
from napari_apprentice.gui.evaluation.marks import COLOURS

LEFT = Qt.MouseButton.LeftButton


def press(widget, at=None) -> None:
    QTest.mouseClick(widget, LEFT, pos=at or widget.rect().center())
    QTest.qWait(30)


def click_row(table, row: int) -> None:
    press(table.viewport(), table.visualItemRect(table.item(row, 0)).center())


@pytest.fixture
def pane(panel, opened, session):
    """All cells but the first are annotated, and one that is not there; the pane was opened with its link."""
    entry = session.current
    found = np.zeros(entry.labels.shape, np.uint32)
    number = 0
    for y in range(12, 104, 40):
        for x in range(12, 144, 40):
            number += 1
            found[0, 0, y : y + 16, x : x + 16] = number
    found[found == 1] = 0
    found[0, 0, 36:46, 100:110] = 13
    session.edits.replace_labels(found)
    press(panel.model.evaluate)
    return panel.how_well.pane


def evaluate(pane, runners, qtbot) -> None:
    press(pane.job.verb.button)
    runners.jobs[-1].finish()
    qtbot.waitUntil(lambda: not pane.job.running.isVisible())
    QTest.qWait(30)


def said(pane) -> dict[str, str]:
    """The chosen line of scores."""
    table, place = pane.scores, pane.scores.currentRow()
    columns = range(table.columnCount())
    return {table.horizontalHeaderItem(i).text(): table.item(place, i).text() for i in columns}


def test_all_labels_as_the_annotation_give_scores_a_list_and_outlines(pane, viewer, session, runners, qtbot):
    assert pane.isVisible()
    assert not pane.job.verb.button.isEnabled()
    assert pane.job.verb.button.toolTip().startswith("Nothing of this image is annotated")
    press(pane.all_labels, QPoint(8, pane.all_labels.height() // 2))
    before = session.current.labels.copy(), len(session.current.history.done)
    evaluate(pane, runners, qtbot)
    line = said(pane)
    assert (line["annotated"], line["found"], line["AP 0.50"]) == ("12", "12", "0.846")  # 11 / 13
    assert (line["missed"], line["false"], line["merged"], line["cut"]) == ("1", "1", "0", "0")
    assert [one.kind for one in pane.wrong.wrong] == ["missed", "false"]
    layer = pane.marks.layer
    assert layer.name == f"mistakes of {session.model.title}"
    assert layer.data[36, 100] == KINDS.index("missed") + 1
    assert layer.data[12, 12] == KINDS.index("false") + 1
    assert np.allclose(layer.scale, (0.5, 0.5))
    assert not layer.editable
    assert viewer.layers.selection.active is not layer
    assert (session.current.labels == before[0]).all()
    assert len(session.current.history.done) == before[1]


def test_a_click_on_a_mistake_takes_the_camera_there(pane, viewer, runners, qtbot):
    press(pane.all_labels, QPoint(8, pane.all_labels.height() // 2))
    evaluate(pane, runners, qtbot)
    viewer.scene.camera.zoom = 1.0
    click_row(pane.wrong, 0)
    assert np.allclose(viewer.scene.camera.center[-2:], (20, 52))  # in um: half of (40, 104)
    assert viewer.scene.camera.zoom > 5
    click_row(pane.wrong, 1)
    assert np.allclose(viewer.scene.camera.center[-2:], (10, 10))


def test_another_model_stands_beside_it_and_its_mistakes_are_shown_when_it_is_chosen(pane, session, runners, qtbot):
    press(pane.all_labels, QPoint(8, pane.all_labels.height() // 2))
    evaluate(pane, runners, qtbot)
    first, other = session.model.key, "cells-2d"
    assert first != other
    place = pane.model.findData(other)
    pane.model.setCurrentIndex(place)
    pane.model.activated.emit(place)
    evaluate(pane, runners, qtbot)
    assert [one.model for one in pane.scores.found] == [first, other]
    assert pane.scores.currentRow() == 1
    click_row(pane.scores, 0)
    assert pane.marks.layer.name == f"mistakes of {session.model.title}"
    assert session.model.key == first
    evaluate(pane, runners, qtbot)  # the other one again: in its place
    assert [one.model for one in pane.scores.found] == [first, other]
    assert pane.scores.currentRow() == 1


def test_only_what_is_approved_counts_and_an_edit_takes_the_scores_away(pane, session, viewer, runners, qtbot):
    session.edits.approve_object((0, 0, 40, 104))
    qtbot.waitUntil(lambda: pane.job.verb.button.isEnabled())
    evaluate(pane, runners, qtbot)
    assert (said(pane)["annotated"], said(pane)["missed"], said(pane)["false"]) == ("1", "1", "0")
    assert "No background is confirmed" in pane.notes.text()
    layer = pane.marks.layer
    session.undo()
    assert layer not in viewer.layers
    assert not pane.scores.isVisible()
    assert not pane.wrong.isVisible()


def test_the_table_is_copied_and_saved(pane, session, runners, qtbot, tmp_path, monkeypatch):
    press(pane.all_labels, QPoint(8, pane.all_labels.height() // 2))
    evaluate(pane, runners, qtbot)
    press(pane.copy)
    head, line = QGuiApplication.clipboard().text().split("\n")
    assert head.split("\t")[:6] == ["model", "annotated", "found", "AP 0.50", "AP 0.75", "AP 0.90"]
    assert line.split("\t")[:4] == [session.model.title, "12", "12", "0.8462"]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "scores"), ""))
    press(pane.save)
    with (tmp_path / "scores.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["missed"] == "1"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "nowhere" / "a.csv"), ""))
    press(pane.save)
    assert "choose another place" in pane.words.text()


def test_it_can_be_cancelled(pane, session, runners, qtbot):
    press(pane.all_labels, QPoint(8, pane.all_labels.height() // 2))
    press(pane.job.verb.button)
    assert pane.job.running.isVisible()
    press(pane.job.cancel)
    qtbot.waitUntil(lambda: not session.busy("evaluate"))
    assert pane.words.text() == "Cancelled."
    assert pane.job.verb.button.isEnabled()


def test_without_the_pane_nothing_is_on_the_canvas_and_it_comes_back_with_what_it_had(
    pane, panel, viewer, runners, qtbot
):
    press(pane.all_labels, QPoint(8, pane.all_labels.height() // 2))
    evaluate(pane, runners, qtbot)
    viewer.window.remove_dock_widget(pane)  # what the cross of its dock does
    QTest.qWait(30)
    assert pane.marks.layer is None
    press(panel.model.evaluate)
    assert pane.isVisible()
    assert said(pane)["missed"] == "1"
    assert pane.marks.layer in viewer.layers
    viewer.layers.remove(pane.marks.layer)  # by the user
    click_row(pane.scores, 0)
    assert pane.isVisible()


def test_kinds_of_mistakes_have_colours_of_their_own():
    assert set(COLOURS) == set(KINDS)
    assert len(set(COLOURS.values())) == len(KINDS)


def test_without_an_image_the_link_says_so(panel):
    assert not panel.model.evaluate.isEnabled()
    assert "There is no image" in panel.model.evaluate.toolTip()


def test_the_window_with_the_pane_fits_a_small_screen(pane, viewer):
    viewer.window.resize(1366, 740)
    QTest.qWait(500)  # the docks have taken what they need by then
    assert viewer.window.geometry()[3] <= 750
