"""Objects of a volume take another shape under real keys and clicks."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def stack(panel, viewer):
    """A flat bar in slices 1 and 5 of 7 of 40 x 60 voxels 2 um apart; its masks layer at slice 1."""
    labels = np.zeros((1, 7, 40, 60), np.uint32)
    viewer.add_image(np.random.default_rng(0).integers(0, 99, (7, 40, 60)), name="stack", scale=(2, 1, 1))
    QTest.qWait(50)
    masks = panel.label_layers.activate()
    labels[0, 1, 10:21, 20:31] = 3
    labels[0, 5, 10:21, 20:31] = 3
    panel.session.edits.replace_labels(labels)
    viewer.dims.set_current_step(0, 1)
    QTest.qWait(50)
    return masks


def test_object_is_filled_in_between_its_slices_with_i_as_one_step(panel, viewer, stack, hand):
    entry = panel.session.current
    number = int(entry.labels.max())
    said = []
    panel.tools.troubled.connect(said.append)
    hand.hover(stack, (15, 25))
    hand.key(Qt.Key.Key_I)
    assert "in two slices with others between them" in said[0]
    for z in (1, 5):
        panel.session.edits.approve_region((slice(0, 1), slice(z, z + 1), slice(5, 30), slice(5, 50)))
    before = entry.labels.copy(), entry.confirmed.copy()
    hand.key(Qt.Key.Key_I)
    assert [int((entry.labels[0, z] == number).sum()) for z in range(7)] == [0, 121, 121, 121, 121, 121, 0]
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert all(np.array_equal(*pair) for pair in zip(before, (entry.labels, entry.confirmed), strict=True))


def test_y_copies_the_object_to_the_next_slice_and_the_view_goes_along(panel, viewer, stack, hand):
    entry = panel.session.current
    said = []
    panel.tools.troubled.connect(said.append)
    for at in ((30, 50), (15, 25)):  # the mouse may lie there already, and then nothing moves
        hand.hover(stack, at)
    for _ in range(2):  # the mouse stays where it is
        hand.key(Qt.Key.Key_Y)
    assert said == []
    assert viewer.dims.current_step[0] == 3
    assert [int((entry.confirmed[0, z] == 2).sum()) for z in range(7)] == [0, 0, 121, 121, 0, 0, 0]
    viewer.dims.set_current_step(0, 1)  # back: the way is the other one now
    hand.key(Qt.Key.Key_Y)
    assert viewer.dims.current_step[0] == 0
    assert (entry.confirmed[0, 0] == 2).sum() == 121
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert not entry.labels[0, 0].any()


def test_objects_change_by_clicks_and_by_keys_under_the_cursor(panel, viewer, opened, hand, cells):
    panel.session.edits.replace_labels(np.where(cells() > 500, 1, 0)[None, None] * ring())
    entry = panel.session.current
    labels = entry.labels[0, 0]
    hand.hover(opened, (13, 13))
    hand.key(Qt.Key.Key_S)
    assert panel.tools.current == "shape"
    switches = panel.correct.switches
    assert not switches.boxes, "there is one slice"
    assert switches.amounts["by"].suffix() == " um"
    switches.amounts["by"].setValue(0.5)  # one pixel
    switches.buttons["Grow"].click()
    hand.click(opened, (13, 13))
    number = labels[13, 13]
    assert (labels[11, 12:28] == number).all()
    assert (labels[11, 11], labels[10, 15]) == (0, 0)
    panel.tools.use("pan")
    hand.hover(opened, (13, 13))
    for key in (Qt.Key.Key_Comma, Qt.Key.Key_H):
        hand.key(key)
    assert (labels[12:28, 12:28] == number).all()
    assert (labels == number).sum() == 256
    assert (entry.confirmed[0, 0][labels == number] == 2).all()
    assert (entry.confirmed[0, 0, 11, 12:28] == 1).all()
    for _ in range(3):
        hand.key(Qt.Key.Key_Z, CONTROL)
    assert not entry.confirmed.any()
    assert labels[20, 20] == 0


def ring():
    """One everywhere but in the middle of the first cell; the cells of an image of 120 x 160, each with an id."""
    ids = np.arange(3)[:, None] * 4 + np.arange(4) + 1
    ids = np.kron(ids, np.ones((40, 40), int))
    ids[18:22, 18:22] = 0
    return ids


def test_shift_and_a_click_keeps_to_the_slice(panel, viewer, stack, hand):
    entry = panel.session.current
    viewer.dims.set_current_step(0, 5)
    panel.tools.use("shape")
    panel.correct.switches.buttons["Shrink"].click()
    panel.correct.switches.amounts["by"].setValue(1)
    hand.hover(stack, (15, 25))
    QTest.mouseClick(
        hand.canvas.native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, hand.where(stack, (15, 25))
    )
    QTest.qWait(50)
    assert [int((entry.labels[0, z] > 0).sum()) for z in (1, 5)] == [121, 81]
    assert not panel.session.shapes.one_slice
    panel.correct.switches.boxes["This slice only"].click()
    assert panel.session.shapes.one_slice
