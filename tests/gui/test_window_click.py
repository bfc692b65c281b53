"""Clicks and boxes in a real window; the engine is a threshold, so that what is found is known."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.settings import ClassName

LEFT, SHIFT, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def clicks(panel, opened, hand, runners):
    """The tool in the hand; clicks at places (y, x), answered at once."""

    class Clicks:
        def __call__(self, at, modifier=Qt.KeyboardModifier.NoModifier) -> None:
            hand.hover(opened, at)
            QTest.mouseClick(hand.canvas.native, LEFT, modifier, hand.where(opened, at))
            self.answered()

        def box(self, first, last) -> None:
            hand.drag(opened, first, last)
            self.answered()

        def answered(self) -> None:
            QTest.qWait(60)
            for job in [one for one in runners.jobs if not one.ended]:
                job.finish()
            QTest.qWait(100)

        @property
        def found(self) -> int:
            proposal = panel.session.verbs.click.proposal
            return 0 if proposal is None else int(proposal.mask.sum())

    panel.correct.buttons["click"].click()
    return Clicks()


def outline(viewer):
    """The layer that shows what is proposed; None when nothing is."""
    return next((layer for layer in viewer.layers if layer.name == "clicked outline" and layer.visible), None)


def test_clicks_add_and_take_away_and_ctrl_z_takes_back_one(panel, viewer, hand, clicks):
    clicks((20, 60))
    assert clicks.found == 256
    first = outline(viewer)
    clicks((60, 60))
    assert clicks.found == 512
    assert outline(viewer) is first, "the same layer goes on"
    assert (first.data == 1).sum() == 512
    clicks((20, 60), SHIFT)
    assert clicks.found == 256
    for left in (512, 256):
        hand.key(Qt.Key.Key_Z, CONTROL)
        QTest.qWait(30)
        assert clicks.found == left
    hand.key(Qt.Key.Key_Z, CONTROL)
    QTest.qWait(30)
    assert clicks.found == 0
    assert outline(viewer) is None
    assert not panel.correct.proposal.isVisible()


def test_ctrl_z_undoes_edits_again_once_the_outline_is_kept(panel, hand, clicks):
    clicks((20, 60))
    hand.key(Qt.Key.Key_Return)
    assert (panel.session.current.labels == 1).sum() == 256
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert not panel.session.current.labels.any()
    hand.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert (panel.session.current.labels == 1).sum() == 256


def test_an_object_is_taken_up_and_repaired(panel, viewer, hand, clicks, cells):
    labels = np.where(cells() > 500, 4, 0)[None, None]
    labels[..., :80] = 0
    labels[..., 120:] = 0
    labels[..., 20:, :] = 0  # the upper half of one
    panel.session.edits.replace_labels(labels)
    number = panel.session.current.labels.max()
    clicks((15, 100))
    assert outline(viewer) is not None
    clicks((24, 100))  # its missing half
    hand.key(Qt.Key.Key_Return)
    found = panel.session.current.labels[0, 0]
    assert (found[12:28, 92:108] == number).all()
    assert set(np.unique(found)) == {0, number}


def test_a_box_is_drawn_around_a_cell(panel, viewer, hand, clicks):
    centre = tuple(viewer.camera.center)
    clicks.box((8, 48), (32, 72))
    assert clicks.found == 256
    assert not viewer.layers["box"].visible
    assert tuple(viewer.camera.center) == centre, "the view stays where it is"
    hand.key(Qt.Key.Key_Return)
    assert (panel.session.current.labels == 1).sum() == 256


def test_one_click_each_makes_as_many_cells_as_clicks(panel, hand, clicks):
    switch = panel.correct.switches.boxes["One click each"]
    assert not switch.isChecked()
    switch.click()
    for at in ((20, 20), (20, 60), (60, 20), (60, 100)):
        clicks(at)
    assert panel.session.current.labels.max() == 3
    panel.tools.use("pan")  # what waits was meant
    assert panel.session.current.labels.max() == 4
    assert not panel.correct.switches.isVisible()
    for left in (3, 2, 1, 0):
        hand.key(Qt.Key.Key_Z, CONTROL)
        assert panel.session.current.labels.max() == left
    panel.tools.use("click")
    assert panel.correct.switches.boxes["One click each"].isChecked()


def test_ctrl_and_a_click_adds_also_with_one_click_each(panel, clicks):
    panel.correct.switches.boxes["One click each"].click()
    clicks((20, 20))
    clicks((20, 60), CONTROL)
    assert clicks.found == 512
    assert not panel.session.current.labels.any()


def test_this_slice_only_is_offered_where_there_are_slices(panel, viewer, cells):
    viewer.add_image(cells((4, 120, 160)), name="stack", axis_labels=("z", "y", "x"))
    QTest.qWait(80)
    panel.tools.use("click")
    panel.correct.switches.boxes["This slice only"].click()
    assert panel.session.verbs.click.one_slice


def test_areas_are_clicked_for_the_class_that_is_chosen(panel, hand, clicks):
    panel.session.choose_kind("classes", (ClassName(value=1, name="lumen"), ClassName(value=2, name="wall")))
    panel.tools.use("click")
    assert panel.tools.all["click"].title == "Click an area"
    clicks((20, 60))
    assert clicks.found == 256
    hand.key(Qt.Key.Key_2)
    assert panel.tools.current == "click", "another class, and the same tool"
    clicks((60, 60))
    clicks((20, 60), SHIFT)
    assert clicks.found == 256
    hand.key(Qt.Key.Key_Return)
    found = panel.session.current.labels
    assert (found == 2).sum() == 256
    hand.key(Qt.Key.Key_Z, CONTROL)
    assert not found.any()
    hand.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert (found == 2).sum() == 256
    hand.key(Qt.Key.Key_1)
    clicks((20, 60))
    clicks.box((8, 88), (32, 112))
    hand.key(Qt.Key.Key_Escape)
    assert clicks.found == 0
    assert set(np.unique(found)) == {0, 2}
