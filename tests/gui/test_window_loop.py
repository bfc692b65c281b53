from __future__ import annotations

import time

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest


def test_image_that_comes_is_opened_and_described(panel, opened):
    assert panel.session.current.name == "cells"
    assert panel.image.words.text() == "2D, 1 channel, 120 x 160 pixels, 0.5 x 0.5 um"
    assert tuple(opened.scale) == (0.5, 0.5)
    assert np.shares_memory(opened.data, panel.session.current.labels)


def test_drag_of_the_brush_is_one_undo_step_and_confirms(panel, opened, viewer, hand):
    entry = panel.session.current
    panel.tools.use("new object")
    hand.drag(opened, (20, 20), (20, 60))
    assert (entry.labels == 1).sum() > 100
    assert ((entry.confirmed == 2) == (entry.labels == 1)).all()
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not entry.labels.any()
    assert not entry.confirmed.any()
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert (entry.labels == 1).sum() > 100


def test_background_brush_confirms_where_nothing_is_and_shows_it(panel, opened, viewer, hand):
    panel.correct.show_confirmed.click()
    assert not panel.label_layers.confirmed.visible
    panel.correct.buttons["background"].click()
    assert panel.label_layers.confirmed.visible
    hand.drag(opened, (60, 60), (60, 90))
    entry = panel.session.current
    assert (entry.confirmed == 1).sum() > 100
    assert not entry.labels.any()
    hand.key(Qt.Key.Key_P)
    assert panel.tools.current == "paint"
    assert not panel.label_layers.confirmed.visible


def test_segment_shows_tiles_then_masks(panel, opened, viewer, hand, runners):
    panel.segment.job.verb.button.click()
    QTest.qWait(80)
    runners.jobs[-1].tile()
    QTest.qWait(150)
    assert "proposal" in viewer.layers[-1].name
    assert viewer.layers.selection.active is opened
    assert panel.segment.job.words.text() == "1 of 2 tiles, about 3 s left"
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert len(np.unique(opened.data)) == 13
    assert not any("proposal" in layer.name for layer in viewer.layers)
    assert panel.segment.job.ended.text().startswith("12 objects in")


def test_tiles_that_take_long_to_draw_leave_the_window_alone_in_between(panel, opened, viewer, runners, monkeypatch):
    panel.segment.job.verb.button.click()
    QTest.qWait(80)
    runners.jobs[-1].tile()
    QTest.qWait(60)
    drawn = []
    monkeypatch.setattr(viewer.layers[-1], "refresh", lambda **how: drawn.append(time.sleep(0.3)))
    for _ in range(25):
        runners.jobs[-1].tile()
        QTest.qWait(100)
    assert 1 <= len(drawn) <= 3  # one in 1.5 s: 0.3 s and four times as long until the next


def test_tiles_and_masks_move_with_their_image(panel, opened, viewer, runners):
    panel.segment.job.verb.button.click()
    QTest.qWait(80)
    runners.jobs[-1].tile()
    QTest.qWait(150)
    viewer.layers["cells"].translate = (5, 7)
    assert "proposal" in viewer.layers[-1].name
    assert [tuple(layer.translate) for layer in viewer.layers] == [(5, 7)] * 4


def test_clicked_cell_is_outlined_and_kept_with_enter(panel, opened, viewer, hand, runners):
    panel.correct.buttons["click"].click()
    hand.click(opened, (20, 60))
    QTest.qWait(80)
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert viewer.layers["clicked outline"].visible
    assert panel.correct.proposal.isVisible()
    hand.key(Qt.Key.Key_Return)
    assert (panel.session.current.labels == 1).sum() == 256
    assert not viewer.layers["clicked outline"].visible
    panel.tools.use("pan")
    assert "clicked outline" not in viewer.layers
    assert not panel.correct.proposal.isVisible()


def test_clicked_cell_is_discarded_with_escape(panel, opened, viewer, hand, runners):
    panel.tools.use("click")
    hand.click(opened, (20, 60))
    QTest.qWait(80)
    runners.jobs[-1].finish()
    QTest.qWait(120)
    hand.key(Qt.Key.Key_Escape)
    assert not panel.session.current.labels.any()
    assert panel.tools.current == "click"


def test_object_under_the_cursor_is_approved_with_a(panel, opened, viewer, hand, cells):
    opened.paint((20, 20), 3)
    panel.session.undo()
    panel.session.edits.replace_labels(np.where(cells()[None, None] > 500, 4, 0))
    hand.hover(opened, (20, 20))
    hand.key(Qt.Key.Key_A)
    assert (panel.session.current.confirmed == 2).sum() == (panel.session.current.labels == 4).sum()


def test_approve_view_confirms_what_is_seen_only(panel, opened, viewer, hand):
    viewer.camera.zoom *= 3
    viewer.camera.center = (15, 20)
    QTest.qWait(50)
    panel.tools.use("approve view")
    confirmed = panel.session.current.confirmed[0, 0]
    assert confirmed[30, 40] == 1
    assert confirmed[0, 0] == confirmed[-1, -1] == 0


def segment(panel, runners):
    panel.segment.job.verb.button.click()
    QTest.qWait(80)
    runners.jobs[-1].finish()
    QTest.qWait(120)


def test_brush_after_segment_paints_an_object_of_its_own(panel, opened, hand, runners):
    assert opened.selected_label == 1
    segment(panel, runners)
    hand.key(Qt.Key.Key_P)
    hand.drag(opened, (60, 80), (60, 84))
    labels = panel.session.current.labels
    assert (labels == 1).sum() == 256
    assert labels[0, 0, 60, 82] == 13
    painted = labels.copy()
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not (labels == 13).any()
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert (labels == painted).all()
    hand.drag(opened, (60, 84), (64, 90))
    assert labels[0, 0, 64, 90] == 13  # more of the same object


def test_brush_after_an_undone_stroke_and_segment_paints_an_object_of_its_own(panel, opened, hand, runners):
    hand.key(Qt.Key.Key_P)
    hand.drag(opened, (60, 80), (60, 84))
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    segment(panel, runners)
    hand.drag(opened, (60, 80), (60, 84))
    assert panel.session.current.labels[0, 0, 60, 82] == 13


def test_each_stroke_on_empty_ground_is_an_object_until_the_switch_is_off(panel, opened, hand):
    hand.key(Qt.Key.Key_P)
    labels = panel.session.current.labels[0, 0]
    for x in (80, 120):
        hand.drag(opened, (80, x), (80, x + 4))
    hand.drag(opened, (80, 82), (90, 82))
    assert (labels[80, 82], labels[90, 82], labels[80, 122]) == (1, 1, 2)
    assert opened.selected_label == 1
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert labels[90, 82] == 0
    switch = panel.correct.switches.boxes["New object on empty ground"]
    assert switch.isChecked()
    switch.click()
    hand.drag(opened, (40, 80), (40, 84))
    assert labels[40, 82] == 1


def test_segment_leaves_the_object_selected_that_is_painted(panel, opened, hand, runners):
    hand.key(Qt.Key.Key_P)
    hand.drag(opened, (60, 80), (60, 84))
    segment(panel, runners)
    assert opened.selected_label == 1 == panel.session.current.labels[0, 0, 60, 82]


def test_brush_after_a_clicked_cell_paints_an_object_of_its_own(panel, opened, hand, runners):
    panel.tools.use("click")
    hand.click(opened, (20, 60))
    QTest.qWait(80)
    runners.jobs[-1].finish()
    QTest.qWait(120)
    hand.key(Qt.Key.Key_Return)
    hand.key(Qt.Key.Key_P)
    hand.drag(opened, (60, 80), (60, 84))
    labels = panel.session.current.labels
    assert labels[0, 0, 20, 60] == 1
    assert labels[0, 0, 60, 82] == 2
