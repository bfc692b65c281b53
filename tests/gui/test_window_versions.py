"""A version that waits, in the window: said before, compared on the canvas, used with its masks, taken back."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest


@pytest.fixture
def waiting(panel, opened, runners, cells):
    """The masks lack a cell and have one too many; a version waits that finds all that is bright."""
    masks = np.zeros((1, 1, 120, 160), np.uint32)
    masks[cells()[None, None] > 500] = 1
    for number, (y, x) in enumerate([(y, x) for y in (12, 52, 92) for x in (12, 52, 92, 132)], 1):
        masks[0, 0, y : y + 16, x : x + 16][masks[0, 0, y : y + 16, x : x + 16] > 0] = number
    masks[masks == 6] = 0
    masks[0, 0, 32:48, 32:48] = 40
    panel.session.edits.replace_labels(masks)
    panel.session.edits.approve_object((0, 0, 20, 20))
    panel.teach.job.verb.button.click()
    runners.jobs[-1].scores = {"why_no_score": "Too few objects are set aside to judge it."}
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert panel.session.waiting is not None
    return panel


def compare(panel, runners):
    panel.teach.versions.compare.click()
    QTest.qWait(80)
    assert panel.teach.versions.compare.text() == "Cancel"
    runners.jobs[-1].finish()
    QTest.qWait(120)


def test_what_is_confirmed_and_what_is_missing_stands_above_teach(panel, opened, cells):
    assert panel.teach.confirmed.isHidden()
    panel.session.edits.replace_labels((cells() > 500)[None, None].astype(int))
    panel.session.edits.approve_object((0, 0, 20, 20))
    QTest.qWait(600)
    assert panel.teach.confirmed.text().startswith("1 object confirmed; confirm about ")


def test_the_new_masks_are_seen_while_the_key_is_held_and_nothing_is_changed(waiting, runners, opened, hand, viewer):
    session, before = waiting.session, waiting.session.current.labels.copy()
    compare(waiting, runners)
    versions = waiting.teach.versions
    rows = [versions.places.item(i).text() for i in range(versions.places.count())]
    assert [row[0] for row in rows] == ["1", "2"]
    assert sorted(row[3:] for row in rows) == ["New object, 256 px", "Object gone, 256 px"]
    new = viewer.layers["masks of version 1"]
    outlines = [viewer.layers[f"changed {word} version 1"] for word in ("by", "in")]
    assert [new.visible, *(one.visible for one in outlines)] == [False, True, False]
    assert set(np.unique(outlines[0].data)) == {0, int(before[0, 0, 40, 40])}
    opacity = opened.opacity
    widget = hand.canvas.native
    QTest.keyPress(widget, Qt.Key.Key_W)
    assert [new.visible, *(one.visible for one in outlines)] == [True, False, True]
    assert opened.opacity == 0
    assert versions.shows_new.isChecked()
    QTest.keyRelease(widget, Qt.Key.Key_W)
    assert not new.visible
    assert opened.opacity == opacity
    versions.shows_new.click()
    assert new.visible
    viewer.camera.center = (0, 0, 0)
    hand.key(Qt.Key.Key_W, Qt.KeyboardModifier.ShiftModifier)
    assert versions.places.currentRow() == 0
    assert tuple(viewer.camera.center[1:]) != (0, 0)
    np.testing.assert_array_equal(session.current.labels, before)
    assert session.model.key == "nuclei-2d"


def test_the_new_version_comes_with_its_masks_and_goes_with_them(waiting, runners, opened, hand, viewer):
    session, before = waiting.session, waiting.session.current.labels.copy()
    compare(waiting, runners)
    waiting.teach.versions.shows_new.click()
    waiting.teach.versions.adopt.click()
    assert session.model.key == "v1"
    assert session.current.labels[0, 0, 60, 60] > 0
    assert session.current.labels[0, 0, 40, 40] == 0
    assert not any("version" in layer.name for layer in viewer.layers)
    assert opened.opacity > 0
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(session.current.labels, before)
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    waiting.teach.versions.back.click()
    np.testing.assert_array_equal(session.current.labels, before)
    assert session.model.key == "nuclei-2d"


def test_a_stroke_or_a_deleted_layer_ends_the_comparison(waiting, runners, opened, viewer):
    for end in (
        lambda: waiting.session.paint(np.arange(50), 50),
        lambda: viewer.layers.remove(viewer.layers["masks of version 1"]),
    ):
        compare(waiting, runners)
        assert waiting.teach.versions.compared.isVisible()
        end()
        assert not waiting.teach.versions.compared.isVisible()
        assert not any("version" in layer.name for layer in viewer.layers)
        assert opened.opacity > 0


def test_the_version_that_waits_is_taught_on(waiting, runners):
    on = waiting.teach.versions.on
    assert on.isVisibleTo(waiting)
    assert on.isEnabled()
    on.click()
    job = runners.jobs[-1].job
    assert job.goes_on_from.endswith("v1.safetensors")
    QTest.qWait(80)
    assert not on.isEnabled()
    runners.jobs[-1].scores = {"why_no_score": "Too few objects are set aside to judge it."}
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert waiting.session.waiting.id == "v2"
    assert on.isEnabled()
    waiting.teach.versions.adopt.click()
    assert on.isHidden()
