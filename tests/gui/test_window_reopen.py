"""The panel closed with its cross and opened again: the work goes on; what nobody asked for is not offered."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QPushButton
from tests.gui.test_window_review import propose

from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.gui.layers import LayerReading
from napari_apprentice.gui.panel import ApprenticePanel
from napari_apprentice.project.folder import Project
from napari_apprentice.project.recent import projects_folder, recent_projects, remove_unused
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(autouse=True)
def no_processes(monkeypatch, runners):
    """A session that the panel makes itself gets the test's runners."""
    monkeypatch.setattr("napari_apprentice.session.compute.ProcessRunners", lambda: runners)


@pytest.fixture
def dock(viewer):
    """Opens the panel; what is still open is closed at the end."""
    made = []

    def open_panel():
        made.append(ApprenticePanel(viewer))
        viewer.window.add_dock_widget(made[-1], name="Apprentice", area="right")
        QTest.qWait(30)
        return made[-1]

    yield open_panel
    for panel in made:
        panel.runtime.close()


def press_the_cross(panel):
    frame = panel.parent()
    assert isinstance(frame, QDockWidget)
    cross = frame.findChild(QPushButton, "QTitleBarCloseButton")
    QTest.mouseClick(cross, LEFT)
    QTest.qWait(30)


def masks(viewer):
    return [layer for layer in viewer.layers if isinstance(layer, ApprenticeLabels)]


def folders():
    return sorted(path.name for path in projects_folder().glob("*"))


def test_project_masks_model_and_undo_are_there_again_time_after_time(viewer, hand, dock, cells):
    panel = dock()
    viewer.add_image(cells(), name="cells", scale=(0.5, 0.5), units=("um", "um"))
    QTest.qWait(50)
    panel.session.choose_model("cells-2d")
    panel.label_layers.activate()
    panel.label_layers.labels.mode = "paint"
    hand.drag(panel.label_layers.labels, (20, 20), (20, 40))
    first = panel.session.current.labels.copy()
    assert first.any()
    path = panel.session.project.path
    for turn in range(2):
        press_the_cross(panel)
        assert panel.runtime.is_closed
        assert [layer.editable for layer in masks(viewer)] == [False]
        panel = dock()
        assert panel.offer.isHidden()
        assert panel.session.project.path == path
        assert panel.session.model.key == "cells-2d"
        assert [layer.name for layer in viewer.layers if not layer.name.endswith("confirmed")] == [
            "cells",
            "cells masks",
        ]
        assert masks(viewer) == [panel.label_layers.labels]
        assert np.array_equal(panel.session.current.labels, first)
        panel.label_layers.activate()
        panel.label_layers.labels.mode = "paint"
        panel.label_layers.labels.selected_label = 9 + turn
        hand.drag(panel.label_layers.labels, (80, 20), (80, 40))
        assert (panel.session.current.labels == 9 + turn).any()
        hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert np.array_equal(panel.session.current.labels, first)
    panel.session.undo()  # what was done before the cross was pressed
    assert not panel.session.current.labels.any()
    panel.session.redo()
    assert np.array_equal(panel.session.current.labels, first)
    assert folders() == [path.name]


def test_what_was_chosen_before_anything_was_painted_is_there_again(viewer, dock, cells):
    panel = dock()
    panel.session.choose_model("cells-2d")  # before there is a project
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.session.segment_settings = panel.session.segment_settings.model_copy(update={"tile": 256})
    press_the_cross(panel)
    again = dock()
    assert again.session.model.key == "cells-2d"
    assert again.session.segment_settings.tile == 256
    again.runtime.close()
    assert folders() == []


def test_the_image_that_was_worked_on_is_current_again_read_as_it_was(viewer, dock, cells):
    panel = dock()
    stack = viewer.add_image(cells((3, 120, 160)), name="stack")
    QTest.qWait(50)
    panel.images.open(stack, LayerReading("CYX"))
    panel.label_layers.labels.paint((30, 30), 3)
    later = viewer.add_image(cells(seed=1), name="later")
    panel.image.open(later)
    panel.image.open(stack)
    press_the_cross(panel)
    stack.scale = (1, 0.25, 0.25)
    again = dock()
    assert again.session.current.name == "stack"
    assert again.session.current.volume.pixels.shape == (1, 3, 1, 120, 160)
    assert again.session.current.volume.spacing[1:] == (0.25, 0.25)
    assert {layer.name for layer in viewer.layers if "confirmed" not in layer.name} == {"stack", "later", "stack masks"}
    assert again.label_layers.labels.data[30, 30] == 3


def test_a_script_may_open_a_second_panel_before_the_first_is_gone(viewer, dock, cells):
    panel = dock()
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    path = panel.session.project.path
    viewer.window.remove_dock_widget(panel)  # and no event is handled in between
    second = dock()
    assert panel.runtime.is_closed
    assert second.session.project.path == path
    assert second.label_layers.labels.data[30, 30] == 7
    third = dock()  # while the second is in sight
    assert second.runtime.is_closed
    assert not second.isEnabled()
    assert third.session.project.path == path
    assert third.label_layers.labels.data[30, 30] == 7
    assert masks(viewer) == [third.label_layers.labels]
    assert folders() == [path.name]


def test_a_second_panel_goes_on_with_all_that_is_under_way(viewer, dock, cells, runners):
    first = dock()
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    first.label_layers.labels.paint((30, 30), 7)
    first.session.segment()
    second = dock()
    assert second.session is first.session
    assert first.parent() is None  # one panel is in sight
    assert second.session.busy("segment")
    second.label_layers.labels.paint((50, 50), 8)
    runners.jobs[-1].finish()
    QTest.qWait(200)
    assert not second.session.busy("segment")
    labels = second.label_layers.labels
    assert masks(viewer) == [labels]
    assert [int(labels.data[at]) for at in ((30, 30), (50, 50))] == [7, 8]
    assert len([layer for layer in viewer.layers if "confirmed" in layer.name]) == 1
    for _ in range(10):
        second.session.undo()
    assert not labels.data.any()


def test_a_second_panel_shows_what_is_looked_at_in_a_review(viewer, dock, cells):
    first = dock()
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    propose(first.session)
    place = first.session.review.next()
    second = dock()
    QTest.qWait(100)
    assert second.session.review.place is place
    assert second.runtime.reviewing.layer in viewer.layers
    assert second.runtime.reviewing.layer.visible
    page = second.session.pages.next()
    third = dock()
    QTest.qWait(100)
    assert third.session.pages.page is page
    assert third.sheet.isVisible()
    assert third.sheet.cards[0].isVisible()


def test_the_session_of_a_script_stays_in_the_panel_from_the_menu(viewer, cells, session):
    panel = ApprenticePanel(viewer, session)
    viewer.window.add_dock_widget(panel, name="mine", area="right")
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    from_menu = ApprenticePanel(viewer)
    viewer.window.add_dock_widget(from_menu, name="Apprentice", area="right")
    QTest.qWait(50)
    assert panel.runtime.is_closed
    assert from_menu.session is session
    assert masks(viewer) == [from_menu.label_layers.labels]
    assert from_menu.label_layers.labels.data[30, 30] == 7
    again = ApprenticePanel(viewer, session)
    assert from_menu.runtime.is_closed
    assert masks(viewer) == [again.label_layers.labels]
    again.runtime.close()
    assert session.project is not None  # it is the script's, and stays open


def test_a_panel_for_another_session_takes_the_place_of_the_first(viewer, cells, session):
    own = ApprenticePanel(viewer)
    viewer.window.add_dock_widget(own, name="Apprentice", area="right")
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    own.label_layers.labels.paint((30, 30), 7)
    path = own.session.project.path
    other = ApprenticePanel(viewer, session)
    assert own.runtime.is_closed
    assert other.session is session
    assert other.session.project.path == path  # which it goes on with
    assert masks(viewer) == [other.label_layers.labels]
    assert other.label_layers.labels.data[30, 30] == 7
    other.runtime.close()


def test_a_project_that_closing_saved_elsewhere_is_the_one_that_goes_on(viewer, dock, cells):
    panel = dock()
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    path = panel.session.project.path
    shutil.rmtree(path)
    path.mkdir()  # somebody's
    press_the_cross(panel)
    again = dock()
    assert again.session.project.path != path
    assert again.label_layers.labels.data[30, 30] == 7
    assert not list(path.iterdir())


def test_after_all_layers_are_gone_another_image_is_another_project(viewer, dock, cells):
    panel = dock()
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    path = panel.session.project.path
    press_the_cross(panel)
    viewer.layers.clear()
    viewer.add_image(cells(seed=1), name="other")
    again = dock()
    assert again.session.project.path != path
    assert again.offer.text().startswith("Continue: cells, 1 image")


def test_a_project_that_cannot_be_opened_leaves_the_masks_in_sight_and_makes_no_other(viewer, dock, cells):
    panel = dock()
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    path = panel.session.project.path
    press_the_cross(panel)
    with Session(Project.open(path)):
        again = dock()
        assert "is open in another window" in again.said.text
        assert again.session.project is None
        assert masks(viewer)[0].data[30, 30] == 7
        assert folders() == [path.name]
    again.offer.click()
    assert again.session.project.path == path
    assert masks(viewer) == [again.label_layers.labels]


def test_a_project_in_which_nothing_was_done_is_not_offered_even_after_a_crash(viewer, dock, cells):
    panel = dock()
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    path = panel.session.project.path
    shutil.copytree(path, path.with_name("killed"))  # what stays on disk when the process ends now
    assert recent_projects() == []
    panel.runtime.close()
    assert folders() == ["killed"]
    viewer.layers.clear()
    again = dock()
    assert again.offer.isHidden()
    assert folders() == []


def test_a_project_that_was_asked_for_is_kept_without_images():
    Project.create(name="mine").close()
    remove_unused()
    assert [recent.name for recent in recent_projects()] == ["mine"]


def test_classes_and_new_begin_a_project_while_the_old_one_can_be_continued(viewer, dock, cells):
    panel = dock()
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    panel.label_layers.labels.paint((30, 30), 7)
    path = panel.session.project.path
    QTest.mouseClick(panel.project.new, LEFT)
    assert panel.session.project.path != path
    panel.session.choose_kind("classes", (ClassName(value=1, name="one", color="#ff0000"),))
    panel.continue_project(path)
    assert panel.session.kind == "instances"
    assert panel.label_layers.labels.data[30, 30] == 7
    assert folders() == [path.name]


def test_continue_lists_what_there_is_with_pictures_and_what_is_open_elsewhere(viewer, dock, cells):
    panel = dock()
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    menu = panel.project.recent
    menu.fill()
    assert [menu.list.item(i).text() for i in range(menu.list.count())] == ["There is no project yet"]
    panel.label_layers.labels.paint((20, 20), 3)
    panel.label_layers.labels.paint((60, 20), 5)
    first = panel.session.project.path
    panel.image.open(viewer.add_image(cells(seed=1), name="more"))
    QTest.mouseClick(panel.project.new, LEFT)  # on the image that was open: "more"
    panel.label_layers.labels.paint((20, 20), 1)
    panel.runtime.leave_project()
    with Session(Project.create(name="busy")):
        menu.popup(panel.mapToGlobal(panel.rect().center()))
        QTest.qWait(50)
        rows = [menu.list.item(i) for i in range(menu.list.count())]
        told = [row.text().split("\n") for row in rows]
        assert told[0] == ["busy", "open in another window"]
        assert told[1][0] == "more"
        assert told[1][1].startswith("1 image, 1 object, today ")
        assert told[2][0] == "cells, more"
        assert told[2][1].startswith("2 images, 2 objects, today ")
        picture = rows[2].icon().pixmap(96, 96).toImage()
        colours = {picture.pixelColor(x, y).name() for x in range(0, 96, 4) for y in range(0, 96, 4)}
        assert len(colours) > 5  # an image with masks, not an empty square
        at = menu.list.visualItemRect(rows[0]).center()
        QTest.mouseClick(menu.list.viewport(), LEFT, pos=at)
        assert menu.isVisible()
        assert panel.session.project is None
        at = menu.list.visualItemRect(rows[2]).center()
        QTest.mouseClick(menu.list.viewport(), LEFT, pos=at)
        QTest.qWait(30)
    assert not menu.isVisible()
    assert panel.session.project.path == first
    assert sorted(np.unique(panel.session.entries[0].labels)) == [0, 3, 5]


def test_continue_opens_within_the_window(viewer, dock, cells):
    panel = dock()
    window = viewer.window._qt_window
    window.resize(900, 700)  # the panel stands at its right edge, and the screen goes on beyond
    panel.setMaximumWidth(panel.minimumWidth())
    QTest.qWait(50)
    QTest.mousePress(panel.project.go_on, LEFT)
    QTest.qWait(50)
    menu = panel.project.recent
    assert menu.isVisible()
    assert menu.frameGeometry().right() <= window.frameGeometry().right()
    menu.close()


def test_a_long_name_does_not_widen_the_panel(viewer, dock):
    panel = dock()
    width = panel.minimumWidth()
    press_the_cross(panel)
    Project.create(name="nuclei of the third replicate of the experiment in June " * 2).close()
    again = dock()
    assert again.offer.isVisible()
    assert again.minimumWidth() == width
    assert "…" in again.offer.text()
    assert "of the experiment in June" in again.offer.toolTip()
