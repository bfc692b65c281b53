"""Classes of objects in a real window: given by keys and clicks, proposed, seen in colours, undone."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtTest import QTest

from napari_apprentice.events import Progress
from napari_apprentice.gui.objects.pane import CLASSES, MAP
from napari_apprentice.runners.inline import InlineRunners


@pytest.fixture
def runners():
    return InlineRunners()


@pytest.fixture
def pane(panel, opened, cells, hand, qtbot):
    """12 cells of 16 x 16, in rows of 4; T opened the table, on its page of classes."""
    labels = np.zeros((1, 1, 120, 160), np.uint32)
    for number, (y, x) in enumerate(((y, x) for y in range(12, 104, 40) for x in range(12, 144, 40)), 1):
        labels[0, 0, y : y + 16, x : x + 16] = number
    panel.session.edits.replace_labels(labels)
    panel.label_layers.activate()
    hand.key(Qt.Key.Key_T)
    qtbot.waitUntil(lambda: panel.objects.pane is not None and len(panel.objects.pane.view.keys) == 12, timeout=20_000)
    panel.objects.pane.turn_to(CLASSES)
    return panel.objects.pane


def shown(pane) -> list[str]:
    return [] if pane._shown is None or "class" not in pane._shown.columns else list(pane._shown.columns["class"])


def test_classes_are_given_by_keys_and_clicks_proposed_for_all_coloured_and_undone(panel, pane, hand, opened, qtbot):
    page = pane.classes
    for name in ("mitotic", "dead"):
        page.rows.add.click()
        field = page.rows.names[page.rows.chosen]
        field.setText(name)
        field.editingFinished.emit()
    assert [one.name for one in panel.session.object_classes.classes] == ["mitotic", "dead"]
    pane.view.select(np.array([1, 5]))
    pane._on_chosen()
    QTest.keyClick(pane.view, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: shown(pane)[:5:4] == ["mitotic", "mitotic"], timeout=20_000)
    page.rows.swatches[2].click()
    page.click.setChecked(True)
    hand.click(opened, (20, 60))  # on the second one
    qtbot.waitUntil(lambda: shown(pane)[1] == "dead", timeout=20_000)
    qtbot.waitUntil(lambda: all(shown(pane)), timeout=60_000)  # all others were looked at
    assert page.words.text() == "Proposed from 2 mitotic, 1 dead"
    assert sum(int(one.text()) for one in page.rows.counts.values()) == 12

    page.show_colours.setChecked(True)
    layer = page.colours.layer
    assert layer is not None
    assert np.asarray(layer.data)[20, 60] == 2
    assert not panel.label_layers.labels.visible
    panel.session.undo()
    qtbot.waitUntil(lambda: not pane._shown.columns["class_by_hand"][1], timeout=20_000)
    page.show_colours.setChecked(False)
    assert page.colours.layer is None
    assert panel.label_layers.labels.visible
    page.rows.swatches[1].click()
    pane.view.select(np.array([7]))
    pane._on_chosen()
    page.give.click()
    qtbot.waitUntil(lambda: pane._shown.columns["class_by_hand"][6], timeout=20_000)
    QTest.keyClick(pane.view, Qt.Key.Key_0)
    qtbot.waitUntil(lambda: not pane._shown.columns["class_by_hand"][6], timeout=20_000)


def test_points_drawn_around_on_the_map_are_selected_in_table_and_canvas(panel, pane, qtbot):
    pane.turn_to(MAP)
    page = pane.map
    page.method.setCurrentIndex(page.method.findData("pca"))
    page.job.verb.button.click()
    qtbot.waitUntil(lambda: len(page.plot.points) == 12, timeout=90_000)
    qtbot.waitUntil(lambda: "unusual" in pane._shown.columns, timeout=20_000)
    where = page.plot.plotItem.vb.sceneBoundingRect()
    corners = [where.topLeft(), where.topRight(), where.bottomRight(), where.bottomLeft(), where.topLeft()]
    inside = [QPoint(int(one.x() + (3 if i in (0, 3, 4) else -3)), int(one.y() + (3 if i in (0, 1, 4) else -3)))
              for i, one in enumerate(corners)]  # fmt: skip
    view = page.plot.viewport()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=inside[0])
    for at in inside[1:]:
        QTest.mouseMove(view, at)
        QTest.qWait(30)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=inside[-1])
    qtbot.waitUntil(lambda: len(pane.view.selected) == 12, timeout=5_000)
    assert len(page.plot._chosen.data) == 12
    first = page.plot.points[0]
    at = page.plot.plotItem.vb.mapViewToScene(QPointF(float(first[0]), float(first[1]))).toPoint()
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: len(pane.view.selected) == 1, timeout=5_000)
    qtbot.waitUntil(lambda: any(one.name == "selected objects" for one in panel.viewer.layers), timeout=5_000)
    assert page.by.findData("unusual") >= 0
    page.outliers.click()
    assert set(pane.view.selected) <= set(page._keys)


def test_points_on_the_map_are_those_of_the_objects_that_are_there(panel, pane, qtbot):
    pane.turn_to(MAP)
    page = pane.map
    page.method.setCurrentIndex(page.method.findData("pca"))
    page.job.verb.button.click()
    qtbot.waitUntil(lambda: len(page.plot.points) == 12, timeout=90_000)
    panel.session.edits.delete_object((0, 0, 20, 60))
    qtbot.waitUntil(lambda: len(page.plot.points) == 11, timeout=20_000)
    panel.session.undo()
    panel.session.edits.delete_object((0, 0, 20, 20))  # as many are left
    qtbot.waitUntil(lambda: list(page._keys) == list(range(2, 13)), timeout=20_000)


def test_what_went_wrong_stays_to_be_read_and_long_pages_scroll_on_a_small_screen(panel, pane, qtbot):
    page, session = pane.classes, panel.session
    session.object_classes.add("dead")
    pane.view.select(np.array([1]))
    pane._on_chosen()
    QTest.keyClick(pane.view, Qt.Key.Key_1)
    qtbot.waitUntil(lambda: "class" in pane._shown.columns and not session.busy("describe"), timeout=60_000)
    QTest.keyClick(pane.view, Qt.Key.Key_3)
    assert page.words.text() == "There is no class 3: add it first."
    session.signals.job_event.emit("describe", Progress(done=1, total=2, what="Looking at objects"))
    assert page.words.text() == "There is no class 3: add it first."
    assert pane.minimumSizeHint().height() < 150  # napari's own docks leave no more of 768 pixels


def test_colours_of_classes_follow_the_image_that_is_chosen(panel, pane, viewer, cells, qtbot):
    page, session = pane.classes, panel.session
    session.object_classes.add("dead")
    session.object_classes.give([[0, 1]], "dead")
    page.show_colours.setChecked(True)
    qtbot.waitUntil(lambda: page.colours.layer is not None, timeout=20_000)
    more = viewer.add_image(cells() + 1, name="more", scale=(0.5, 0.5), units=("um", "um"))  # as large as the first
    panel.image.open(more)
    session.edits.replace_labels(session.entries[0].labels.copy())
    session.object_classes.give([[0, 2]], "dead")
    qtbot.waitUntil(lambda: page.colours.layer is not None and "more" in page.colours.layer.name, timeout=20_000)
    assert not panel.label_layers.labels.visible
