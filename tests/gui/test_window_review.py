"""Review in the window: real keys, the view that goes there, what is written on the panel."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.gui.widgets.states import STATE
from napari_apprentice.settings import ClassName

SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
PLACES = {1: (12, 12, 0.8), 2: (12, 92, 0.9), 3: (52, 52, 0.5), 4: (92, 132, 0.02)}  # y, x, doubt of some squares


def doubts_of(entry) -> Doubts:
    """Of squares of 16 x 16, and of a place without an object."""
    rows = [(y, x, doubt, False) for y, x, doubt in PLACES.values()] + [(70, 20, 0.3, True)]
    depth = entry.labels.shape[1]
    points = np.array([(0, depth // 2, y + 8, x + 8) for y, x, _, _ in rows])
    boxes = np.array([((0, 1), (0, depth), (y, y + 16), (x, x + 16)) for y, x, _, _ in rows])
    return Doubts(points, boxes, np.array([row[2] for row in rows]), np.array([row[3] for row in rows]))


def propose(session) -> None:
    entry = session.current
    labels = np.zeros(entry.labels.shape, np.uint32)
    for value, (y, x, _) in PLACES.items():
        labels[..., y : y + 16, x : x + 16] = value
    session.edits.replace_labels(labels)
    session.review.take_in(entry, doubts_of(entry))


@pytest.fixture
def proposed(panel, opened):
    """The squares of the open image, with their doubts; its entry."""
    propose(panel.session)
    return panel.session.current


def middle(viewer, layer) -> list[float]:
    """What of a layer's data is in the middle of the canvas."""
    return list(layer.world_to_data(viewer.scene.camera.center[-layer.ndim :]))[-2:]


def looked_at(viewer):
    return next((one for one in viewer.layers if one.name == "looked at"), None)


def test_n_goes_to_the_most_doubtful_object_which_fills_a_part_of_the_canvas_and_flashes(panel, viewer, hand, proposed):
    layer = panel.label_layers.labels
    assert panel.review.aside.text() == "4 of 4 doubtful"
    assert not panel.review.buttons["approve and next"].isEnabled()
    hand.key(Qt.Key.Key_N)
    assert middle(viewer, layer) == pytest.approx([19.5, 99.5], abs=0.6)
    zoom, across = viewer.scene.camera.zoom, min(viewer.canvas.size)
    assert 0.1 < 16 * 0.5 * zoom / across < 0.6
    outline = looked_at(viewer)
    was_seen = [outline.opacity]
    outline.events.opacity.connect(lambda: was_seen.append(outline.opacity))
    QTest.qWait(1200)
    assert was_seen.count(0) == 3
    assert outline.opacity == 1
    assert outline.visible
    ring = np.argwhere(outline.data) + np.round(np.asarray(outline.translate) / 0.5).astype(int)
    assert ring.min(axis=0).tolist() == [10, 90]
    assert ring.max(axis=0).tolist() == [29, 109]
    outlook = panel.session.review.outlook()
    assert outlook.words == f"about {outlook.wrong:.0f} of 5 left may be wrong", "one of them is firm"
    assert panel.review.words.text() == f"object 2 · doubt 90 %\n{outlook.words}"
    assert viewer.layers.selection.active is layer, "keys go on working"


def test_g_and_r_say_what_it_is_and_go_on_shift_n_goes_back_and_each_is_undone(panel, viewer, hand, proposed):
    hand.key(Qt.Key.Key_N)
    hand.key(Qt.Key.Key_G)
    assert (proposed.confirmed[proposed.labels == 2] == 2).all()
    assert panel.session.review.place.id == 1
    hand.key(Qt.Key.Key_R)
    assert not (proposed.labels == 1).any()
    assert panel.session.review.place.id == 3
    QTest.qWait(400)
    assert panel.review.aside.text() == "2 of 4 doubtful"
    assert panel.review.words.text().endswith("1 of the last 2 was") or panel.session.review.outlook().may_stop
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert (proposed.labels == 1).any()
    hand.key(Qt.Key.Key_N, SHIFT)
    assert panel.session.review.place.id == 1
    for _ in range(2):
        hand.key(Qt.Key.Key_N)
    assert panel.session.review.place.id is None
    assert panel.review.words.text().startswith("missing object?")
    hand.key(Qt.Key.Key_G)
    assert proposed.confirmed[0, 0, 78, 28] == 1


def test_a_clicked_cell_that_waits_keeps_g_and_r_from_it(panel, runners, opened, hand, proposed):
    hand.key(Qt.Key.Key_N)
    panel.tools.use("click")
    hand.click(panel.label_layers.labels, (18, 98))
    QTest.qWait(60)
    hand.key(Qt.Key.Key_R)
    assert panel.correct.sentence.startswith("An outline waits")
    assert (proposed.labels == 2).any()
    hand.key(Qt.Key.Key_Escape)


def test_it_goes_on_in_another_image_whose_state_is_in_the_list(panel, viewer, cells, hand, proposed):
    viewer.add_image(cells(seed=1), name="others", scale=(0.5, 0.5), units=("um", "um"))
    QTest.qWait(50)
    panel.image.open(viewer.layers["others"])
    propose(panel.session)
    viewer.add_image(cells(seed=2), name="rest", scale=(0.5, 0.5), units=("um", "um"))
    QTest.qWait(50)
    panel.review.buttons["next doubtful"].click()
    for _ in range(4):
        hand.key(Qt.Key.Key_G)
    assert panel.session.current is proposed
    assert viewer.layers["cells"].visible
    assert not viewer.layers["others"].visible
    assert looked_at(viewer).visible
    panel.image.choice.showPopup()
    states = {panel.image.choice.itemText(i): panel.image.choice.itemData(i, STATE) for i in range(3)}
    panel.image.choice.hidePopup()
    assert states == {"cells": "4 doubtful", "others": "done", "rest": ""}


def test_in_a_volume_the_slice_is_shown_too(panel, viewer, cells, hand):
    viewer.add_image(cells((9, 120, 160)), name="stack", scale=(2, 0.5, 0.5), units=("um",) * 3)
    QTest.qWait(50)
    propose(panel.session)
    hand.key(Qt.Key.Key_N)
    layer = panel.label_layers.labels
    assert viewer.dims.current_step[0] == 4
    assert middle(viewer, layer) == pytest.approx([19.5, 99.5], abs=0.6)
    outline = looked_at(viewer)
    assert outline.data.shape[0] == 9
    assert outline.data[4].any()
    viewer.dims.ndisplay = 3
    hand.key(Qt.Key.Key_N)
    assert viewer.scene.camera.center == pytest.approx((8, 9.75, 9.75), abs=0.3)


def test_doubt_is_shown_as_colours_until_somebody_takes_it_away(panel, viewer, hand, proposed):
    count = len(viewer.layers)
    panel.review.show_map.setChecked(True)
    shown = viewer.layers["cells doubt"]
    assert [shown.data[y + 5, x + 5] for y, x, _ in PLACES.values()] == pytest.approx([0.8, 0.9, 0.5, 0.02])
    assert shown.data[78, 28] == pytest.approx(0.3)
    assert shown.data[40, 40] == 0
    hand.key(Qt.Key.Key_N)
    hand.key(Qt.Key.Key_G)
    QTest.qWait(500)
    assert shown.data[17, 97] == 0, "what is confirmed is not in doubt"
    viewer.layers.remove(shown)
    assert not panel.review.show_map.isChecked()
    panel.review.show_map.setChecked(True)
    panel.review.show_map.setChecked(False)
    assert len(viewer.layers) == count + 1, "only what is looked at"


def test_the_keys_are_on_the_sheet_and_none_of_napari_was_taken(panel, opened):
    from napari.settings import get_settings

    from napari_apprentice.gui.key_sheet import lines_of

    assert [key for key, _ in dict(lines_of(panel.tools))["Review"]] == ["N", "Shift+N", "Shift+G", "G", "R", "9", "0"]
    others = ("points", "shape", "_add_", "vertex", "vectors", "tracks", "surface")
    actions = get_settings().shortcuts.shortcuts.items()
    naparis = {str(key) for action, found in actions if not any(one in action for one in others) for key in found}
    assert not naparis & {"N", "Shift+N", "Shift+G", "G", "R", "9", "0"}


def test_areas_of_classes_are_not_reviewed(panel, opened):
    assert panel.review.isVisible()
    panel.session.choose_kind("classes", (ClassName(value=1, name="gland"),))
    assert not panel.review.isVisible()
    panel.session.choose_kind("instances", ())
    assert panel.review.isVisible()
