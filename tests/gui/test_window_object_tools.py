"""Merge, split and delete with mouse and keys."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def objects(panel, opened):
    """Three objects in a row, which nobody confirmed; the session's image."""
    labels = np.zeros((1, 1, 120, 160), np.uint32)
    labels[..., 40:60, 20:50], labels[..., 40:60, 50:80], labels[..., 40:60, 90:120] = 1, 2, 3
    panel.session.edits.replace_labels(labels)
    return panel.session.current


def ids(entry, row=50):
    return [one for one in np.unique(entry.labels[0, 0, row]).tolist() if one]


def test_j_and_a_drag_merge_with_a_line_and_ctrl_z_takes_it_back(panel, viewer, objects, opened, hand):
    layers = len(viewer.layers)
    shown = []
    viewer.layers.events.inserted.connect(lambda event: shown.append(event.value.name))
    hand.hover(opened, (50, 30))
    hand.key(Qt.Key.Key_J)
    assert panel.correct.buttons["merge"].isChecked()
    assert panel.correct.hint.text().startswith("Drag from one object")
    hand.drag(opened, (50, 30), (50, 100))
    assert ids(objects) == [1]
    assert (objects.confirmed == 2).sum() == 20 * 90
    assert shown == ["line"]
    assert not viewer.layers["line"].visible
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert ids(objects) == [1, 2, 3]
    hand.drag(opened, (50, 30), (50, 40))
    assert panel.correct.sentence.startswith("There are no two objects to merge here")
    panel.tools.use("pan")
    assert len(viewer.layers) == layers, "the line is gone"


def test_the_line_of_one_drag_serves_for_the_next_which_saves_napari_making_a_layer(
    panel, viewer, objects, opened, hand
):
    seen, made = [], []
    viewer.layers.events.inserted.connect(lambda event: made.append(event.value.name))
    hand.hover(opened, (20, 60))
    hand.key(Qt.Key.Key_K)
    hand.drag(opened, (30, 60), (70, 60))
    line = viewer.layers["line"]
    line.events.visible.connect(lambda: seen.append((line.visible, line.data[0][0].round().tolist())))
    width = line.edge_width[0]
    viewer.scene.camera.zoom *= 2
    hand.drag(opened, (30, 35), (65, 35))
    assert seen == [(True, [30, 35]), (False, [30, 35])]
    assert line.edge_width[0] == pytest.approx(width / 2), "as thick on the canvas as before"
    assert made == ["line"]
    assert ids(objects) == [1, 2, 3, 4, 5]


def test_d_deletes_what_is_under_the_cursor_unless_a_clicked_cell_waits(panel, runners, objects, opened, hand):
    hand.hover(opened, (50, 100))
    hand.key(Qt.Key.Key_D)
    assert ids(objects) == [1, 2]
    assert (objects.confirmed[0, 0, 40:60, 90:120] == 1).all()
    panel.tools.use("click")
    hand.click(opened, (50, 30))
    QTest.qWait(60)
    hand.key(Qt.Key.Key_D)
    assert panel.correct.sentence.startswith("An outline waits")
    hand.key(Qt.Key.Key_Escape)
    hand.key(Qt.Key.Key_D)
    assert ids(objects) == [2]
    hand.key(Qt.Key.Key_Z, CONTROL)
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert ids(objects) == [1, 2, 3]
    assert not objects.confirmed.any()


def test_k_and_a_line_split_and_one_that_ends_inside_says_so(panel, viewer, objects, opened, hand):
    hand.hover(opened, (20, 60))
    hand.key(Qt.Key.Key_K)
    hand.drag(opened, (30, 60), (70, 60))
    assert ids(objects) == [1, 2, 3, 4]
    assert set(np.unique(objects.labels[0, 0, 40:60, 50:59])) == {4}
    assert set(np.unique(objects.labels[0, 0, 40:60, 62:80])) == {2}
    assert (objects.confirmed == 2).sum() == 20 * 30
    hand.drag(opened, (30, 35), (50, 35))
    assert panel.correct.sentence.startswith("The line does not divide the object")
    assert ids(objects) == [1, 2, 3, 4]
    assert not viewer.layers["line"].visible


def test_clicks_split_on_enter_and_ctrl_z_takes_back_one(panel, viewer, objects, opened, hand):
    panel.correct.buttons["split"].click()
    for at in ((50, 24), (50, 70)):
        hand.click(opened, at)
    assert len(viewer.layers["places"].data) == 2
    hand.key(Qt.Key.Key_Return)
    assert panel.correct.sentence.startswith("The places do not lie in one object")
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert len(viewer.layers["places"].data) == 1
    hand.click(opened, (50, 45))
    hand.key(Qt.Key.Key_Return)
    assert ids(objects) == [1, 2, 3, 4]
    assert not viewer.layers["places"].visible
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert ids(objects) == [1, 2, 3], "nothing waits: the key is undo"
    hand.click(opened, (50, 45))
    panel.tools.use("pan")
    assert "places" not in viewer.layers


def test_in_a_volume_objects_are_whole_or_of_this_slice_only(panel, viewer, cells, hand):
    viewer.add_image(cells((12, 120, 160)), name="stack", scale=(2, 0.5, 0.5), units=("um", "um", "um"))
    QTest.qWait(50)
    labels = np.zeros((1, 12, 120, 160), np.uint32)
    labels[..., 40:60, 20:50], labels[..., 40:60, 50:80], labels[..., 40:60, 90:120] = 1, 2, 3
    panel.session.edits.replace_labels(labels)
    entry, masks = panel.session.current, panel.label_layers.labels
    viewer.dims.set_current_step(0, 3)
    panel.tools.use("merge")
    panel.correct.switches.boxes["This slice only"].click()
    hand.drag(masks, (50, 30), (50, 70))
    assert [np.unique(one[50])[1:].tolist() for one in entry.labels[0, 2:4]] == [[1, 2, 3], [1, 3]]
    panel.session.undo()
    panel.tools.use("split")
    hand.drag(masks, (30, 105), (70, 105))
    assert [np.unique(one[50])[1:].tolist() for one in entry.labels[0]] == [[1, 2, 3, 4]] * 12
    viewer.dims.ndisplay = 3
    hand.drag(masks, (30, 65), (70, 65))
    assert "switch the view to 2D" in panel.correct.sentence


def test_in_a_view_that_was_turned_lines_and_slices_are_those_that_are_seen(panel, viewer, cells, hand):
    viewer.add_image(cells((12, 120, 160)), name="stack", scale=(2, 0.5, 0.5), units=("um", "um", "um"))
    QTest.qWait(50)
    labels = np.zeros((1, 12, 120, 160), np.uint32)
    labels[:, 2:10, 40:60, 20:50], labels[:, 2:10, 40:60, 50:80] = 1, 2
    panel.session.edits.replace_labels(labels)
    entry, masks = panel.session.current, panel.label_layers.labels
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_current_step(1, 50)
    viewer.reset_view()
    panel.tools.use("split")
    panel.correct.switches.boxes["This slice only"].click()
    hand.drag(masks, (0, 65), (11, 65))
    assert np.unique(entry.labels[0, :, 50])[1:].tolist() == [1, 2, 3]
    assert np.unique(entry.labels[0, :, 51])[1:].tolist() == [1, 2]
    panel.session.undo()
    panel.tools.use("redraw")
    hand.drag(masks, (1, 30), (10, 30))
    assert set(np.unique(entry.labels[0, 2:10, 50, 20:29])) == {0}
    assert (entry.labels[0, 2:10, 49, 20:50] == 1).all()
    viewer.dims.set_current_step(1, 51)
    hand.hover(masks, (5, 70))
    hand.key(Qt.Key.Key_Y)
    assert viewer.dims.current_step[1] == 52
    assert (entry.confirmed[0, 2:10, 52, 50:80] == 2).all()
    assert not (entry.confirmed[0, :, 53] == 2).any()
    panel.tools.use("click")
    hand.drag(masks, (2, 20), (8, 60))
    assert "turn the view back" in panel.correct.sentence


def test_u_and_a_drag_redraw_a_piece_of_an_outline(panel, viewer, objects, opened, hand):
    hand.hover(opened, (30, 100))
    hand.key(Qt.Key.Key_U)
    hand.drag(opened, (39, 105), (61, 105))
    third = objects.labels[0, 0] == 3
    assert third[40:60, 90:104].all()
    assert not third[:, 107:].any()
    assert (objects.confirmed[0, 0, 40:60, 107:120] == 1).all()
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert (objects.labels == 3).sum() == 20 * 30
    hand.drag(opened, (10, 10), (10, 60))
    assert panel.correct.sentence.startswith("No outline is near both ends")
    assert not viewer.layers["line"].visible


def test_q_gives_the_piece_under_the_cursor_an_id_of_its_own(panel, objects, opened, hand):
    panel.session.edits.merge([(0, 0, 50, 30), (0, 0, 50, 100)])
    assert ids(objects) == [1, 2]
    hand.hover(opened, (50, 100))
    hand.key(Qt.Key.Key_Q)
    assert ids(objects) == [1, 2, 3]
    assert (objects.labels == 3).sum() == 20 * 30
    hand.key(Qt.Key.Key_Q)
    assert "in one piece" in panel.correct.sentence
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert ids(objects) == [1, 2]


def test_napari_has_no_other_use_for_the_keys(panel, viewer, opened):
    names = ("merge", "split", "redraw", "delete object", "separate piece")
    keys = [panel.tools.all[name].key for name in names]
    taken = {str(one) for keymap in (Labels.class_keymap, ViewerModel.class_keymap, viewer.keymap) for one in keymap}
    assert not taken & set(keys)
    assert len({tool.key for tool in panel.tools.all.values() if tool.key}) == len(
        [tool for tool in panel.tools.all.values() if tool.key]
    )
