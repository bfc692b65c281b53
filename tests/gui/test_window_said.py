"""What is said and shown: where nothing is covered or pushed away, and not longer than it is true."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton

from napari_apprentice.gui import samples

LEFT = Qt.MouseButton.LeftButton


def press(button):
    QTest.mouseClick(button, LEFT)
    QTest.qWait(30)


def on_screen(widget):
    return QRect(widget.mapToGlobal(QPoint(0, 0)), widget.size())


def is_whole_in_view(widget):
    return widget.isVisible() and widget.visibleRegion().boundingRect() == widget.rect()


@pytest.fixture
def laptop(viewer):
    """A screen of 1366 x 768, once the panel is laid out in it."""
    viewer.window.resize(1366, 740)
    QTest.qWait(300)


def test_a_message_lies_on_the_canvas_and_moves_no_button(panel, opened, viewer, laptop):
    buttons = [one for one in panel.findChildren(QAbstractButton) if one.isVisible()]
    before = [on_screen(one) for one in buttons]
    panel.session.message.emit("The disk takes the project again: everything is saved. " * 3)
    QTest.qWait(50)
    assert panel.said.isVisible()
    assert [on_screen(one) for one in buttons] == before
    lies, canvas = on_screen(panel.said), viewer.window._qt_window.centralWidget()
    assert not any(lies.intersects(one) for one in before)
    assert on_screen(canvas).contains(lies)
    assert panel.said.height() > 40  # all of its lines
    viewer.window.resize(1000, 740)
    QTest.qWait(100)
    assert on_screen(canvas).contains(on_screen(panel.said))
    panel.runtime.close()
    QTest.qWait(30)
    assert not [one for one in canvas.children() if type(one).__name__ == "Said"]


def test_keep_and_discard_are_in_view_on_a_small_screen(panel, opened, viewer, hand, runners, laptop):
    bar = panel._column.verticalScrollBar()
    bar.setValue(bar.minimum())
    panel.tools.use("click")
    hand.click(opened, (20, 60))
    QTest.qWait(80)
    runners.jobs[-1].finish()
    QTest.qWait(400)
    assert is_whole_in_view(panel.correct.proposal)
    bar.setValue(bar.maximum())
    hand.key(Qt.Key.Key_Return)
    assert (panel.session.current.labels > 0).any()


def test_the_sentence_on_masks_that_are_gone_goes_when_they_are_back(panel, opened, viewer):
    viewer.layers.remove(opened)
    QTest.qWait(30)
    assert "was removed" in panel.correct.below.text()
    press(panel.correct.missing)
    assert panel.label_layers.labels is not None
    assert panel.correct.below.text() == ""
    assert panel.correct.below.isHidden()


def test_the_sentence_on_an_image_that_is_gone_goes_with_another_image(panel, opened, viewer, cells):
    viewer.add_image(cells(seed=1), name="other")
    QTest.qWait(30)
    viewer.layers.remove(viewer.layers["cells"])
    assert "was removed" in panel.image.below.text()
    panel.image.choice.setCurrentIndex(0)
    panel.image.choice.activated.emit(0)
    QTest.qWait(30)
    assert panel.session.current.name == "other"
    assert panel.image.below.text() == ""


@pytest.mark.parametrize("current", ["cells", "other"])
def test_after_new_project_the_other_images_are_visible_again_and_cover_nothing(panel, opened, viewer, cells, current):
    other = viewer.add_image(cells(seed=1), name="other")
    hidden = viewer.add_image(cells(seed=2), name="hidden by the user", visible=False)
    panel.image.open(hidden)
    hidden.visible = False
    panel.image.open(other)
    panel.image.open(viewer.layers[current])
    QTest.qWait(30)
    assert [one.visible for one in (viewer.layers["cells"], other)] == [current == "cells", current == "other"]
    press(panel.project.new)
    QTest.qWait(50)
    assert len(panel.session.entries) == 1
    assert viewer.layers["cells"].visible
    assert other.visible
    assert not hidden.visible
    images = [one.name for one in viewer.layers if one.name in ("cells", "other")]
    assert images[-1] == current


def test_classes_on_an_image_in_colour_select_no_model_and_the_panel_says_what_to_do(panel, viewer):
    data, options, _ = samples.tissue_2d()[0]
    options["metadata"].pop("apprentice_classes")
    viewer.add_image(data, **options)
    QTest.qWait(50)
    assert panel.model.choice.currentData() == "nuclei-2d"
    assert panel.segment.job.verb.button.isEnabled()
    panel.image.kind.setCurrentIndex(1)
    panel.image.kind.activated.emit(1)
    QTest.qWait(30)
    assert panel.model.choice.currentData() == "fresh"
    assert not panel.segment.job.verb.button.isEnabled()
    assert panel.segment.job.verb.reason.text() == (
        "A fresh network knows nothing yet: paint a few areas of each class and press Teach."
    )
    choice = panel.model.choice
    at = choice.findData("membranes-2d")
    assert at > choice.findData("fresh")  # those that suit the image come first
    assert "is in colour" in choice.itemData(at, Qt.ItemDataRole.ToolTipRole)
    choice.setCurrentIndex(at)
    choice.activated.emit(at)
    QTest.qWait(30)
    assert "learned from grey images" in panel.model.words.text()
    assert panel.segment.job.verb.button.isEnabled()


def test_what_a_teaching_said_goes_with_its_project(panel, opened, hand, runners):
    panel.label_layers.activate()
    panel.label_layers.labels.mode = "paint"
    hand.drag(opened, (20, 20), (20, 40))
    panel.tools.use("approve image")
    press(panel.teach.job.verb.button)
    QTest.qWait(80)
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert panel.teach.job.ended.text() == "120 steps in 9 s"
    press(panel.project.new)
    assert panel.teach.job.ended.text() == ""
    assert not panel.teach.versions.isVisible()
    assert np.all(panel.session.current.labels == 0)
