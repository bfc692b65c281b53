"""Approving in the 3D view: the object that is seen under the cursor, as when napari picks a label."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def stack(panel, viewer):
    """Two cubes behind each other in 12 slices of 40 x 40 voxels 2 um apart."""
    labels = np.zeros((12, 40, 40), np.uint32)
    labels[2:5, 14:26, 14:26] = 1
    labels[7:10, 14:26, 14:26] = 2
    viewer.add_image(labels * np.uint16(90), name="stack", scale=(2, 1, 1), units=("um", "um", "um"))
    QTest.qWait(50)
    panel.session.edits.replace_labels(labels[None])
    viewer.dims.ndisplay = 3
    viewer.reset_view()
    viewer.scene.camera.angles = (0, 0, 0)  # along z
    QTest.qWait(100)
    return panel.label_layers.labels


def middle(hand):
    size = hand.canvas.native.size()
    return QPoint(size.width() // 2, size.height() // 2)


def confirmed_ids(session):
    entry = session.current
    return set(np.unique(entry.labels[entry.confirmed == 2]).tolist())


def seen_first(viewer, hand):
    """What napari itself picks in the middle of the canvas."""
    hand.canvas.on_draw(None)
    QTest.mouseMove(hand.canvas.native, middle(hand) + QPoint(1, 1))
    QTest.qWait(30)
    QTest.mouseMove(hand.canvas.native, middle(hand))
    QTest.qWait(30)
    masks = next(layer for layer in viewer.layers if layer.name == "stack masks")
    cursor = viewer.cursor
    return masks.get_value(
        cursor.position,
        view_direction=cursor._view_direction,
        dims_displayed=list(viewer.dims.displayed),
        world=True,
    )


@pytest.mark.parametrize("tilt", [0, 180])
def test_a_click_approves_the_object_in_front(panel, viewer, stack, hand, tilt):
    viewer.scene.camera.angles = (0, 0, tilt)
    QTest.qWait(100)
    in_front = seen_first(viewer, hand)
    assert in_front in (1, 2)
    panel.tools.use("approve")
    QTest.mouseClick(hand.canvas.native, LEFT, pos=middle(hand))
    assert panel.correct.sentence == ""
    assert confirmed_ids(panel.session) == {in_front}
    panel.session.undo()
    assert confirmed_ids(panel.session) == set()
    panel.session.redo()
    assert confirmed_ids(panel.session) == {in_front}


def test_the_key_approves_what_is_under_the_cursor_in_perspective_too(panel, viewer, stack, hand):
    viewer.scene.camera.perspective = 40
    viewer.scene.camera.angles = (5, 0, 10)
    QTest.qWait(100)
    in_front = seen_first(viewer, hand)
    hand.key(Qt.Key.Key_A)
    assert confirmed_ids(panel.session) == {in_front}


def test_beside_the_objects_one_sentence_says_so(panel, viewer, stack, hand):
    panel.tools.use("approve")
    QTest.mouseClick(hand.canvas.native, LEFT, pos=QPoint(4, 4))
    assert panel.correct.sentence.startswith("There is no object here")
    assert confirmed_ids(panel.session) == set()


def test_an_object_that_is_hidden_is_looked_through(panel, viewer, stack, hand):
    behind = 3 - int(seen_first(viewer, hand))
    stack.selected_label = behind
    stack.show_selected_label = True
    panel.tools.use("approve")
    QTest.mouseClick(hand.canvas.native, LEFT, pos=middle(hand))
    assert confirmed_ids(panel.session) == {behind}
