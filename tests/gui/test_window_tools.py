"""Tools with real keys and mouse: a new one is a class in the table; what is in the hand is what is shown."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel

from napari_apprentice.errors import UserError
from napari_apprentice.gui.tools import table
from napari_apprentice.gui.tools.canvas import CanvasGestures
from napari_apprentice.gui.tools.tool import Tool

ALT = Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
LEFT = Qt.MouseButton.LeftButton


class Ruler(Tool):
    """A tool that is known to this file and the table only."""

    name = "ruler"
    title = "Ruler"
    about = "how far it is"
    key = "8"
    hint = "Drag from here to there."
    icon = "polygon_lasso"
    cursor = "cross"

    def __init__(self, label_layers) -> None:
        self.told: list[str] = []
        self.gestures = []
        self.moves = 0
        self.canvas = CanvasGestures(label_layers, self.gestures.append, self.gestures.append, self._on_move)

    def turn_on(self) -> None:
        self.told.append("on")
        self.canvas.set_on(True)

    def turn_off(self) -> None:
        self.told.append("off")
        self.canvas.set_on(False)

    def close(self) -> None:
        self.told.append("closed")

    def _on_move(self, gesture) -> None:
        self.moves += 1
        if len(gesture.path) > 400:
            raise UserError("Too far.")


@pytest.fixture
def with_ruler(monkeypatch):
    monkeypatch.setattr(table, "TOOLS", (*table.TOOLS, Ruler))


@pytest.fixture
def ruler(with_ruler, panel, opened):
    return panel.tools.all["ruler"]


def test_tool_in_the_table_has_button_tooltip_key_and_hint_and_is_put_down_again(ruler, panel, opened, hand):
    button = panel.correct.buttons["ruler"]
    assert button.toolTip() == "Ruler (8): how far it is"
    assert not button.icon().isNull()
    hand.hover(opened, (60, 80))
    hand.key(Qt.Key.Key_8)
    assert (panel.tools.current, button.isChecked()) == ("ruler", True)
    assert panel.correct.hint.text() == "Drag from here to there."
    assert (opened.cursor, ruler.told) == ("cross", ["on"])
    hand.key(Qt.Key.Key_8)
    assert (panel.tools.current, button.isChecked()) == ("pan", False)
    assert (opened.cursor, ruler.told) == ("standard", ["on", "off"])
    button.click()
    hand.key(Qt.Key.Key_P)
    assert (panel.tools.current, ruler.told) == ("paint", ["on", "off", "on", "off"])
    panel.runtime.close()
    assert ruler.told[-1] == "closed"


def test_tool_that_draws_gets_drags_and_the_camera_none(ruler, panel, opened, viewer, hand):
    panel.correct.buttons["ruler"].click()
    assert not viewer.scene.camera.mouse_pan
    _drag(hand, opened, (20, 20), (20, 60))
    (drag,) = ruler.gestures
    np.testing.assert_allclose(drag.at, (10, 10), atol=0.5)  # pixels of half a micrometre
    np.testing.assert_allclose(drag.path[-1], (10, 30), atol=0.5)
    assert ruler.moves > 2
    QTest.mouseClick(hand.canvas.native, LEFT, SHIFT, hand.where(opened, (40, 40)))
    np.testing.assert_allclose(ruler.gestures[-1].path, [(20, 20)], atol=0.5)
    assert ruler.gestures[-1].modifiers == {"Shift"}
    panel.correct.buttons["ruler"].click()
    assert viewer.scene.camera.mouse_pan
    _drag(hand, opened, (20, 20), (20, 60))
    assert len(ruler.gestures) == 2


def test_space_gives_drags_to_the_camera_while_a_tool_draws(ruler, panel, opened, viewer, hand):
    panel.correct.buttons["ruler"].click()
    QTest.keyPress(hand.canvas.native, Qt.Key.Key_Space)
    assert viewer.scene.camera.mouse_pan
    _drag(hand, opened, (20, 20), (20, 60))
    QTest.keyRelease(hand.canvas.native, Qt.Key.Key_Space)
    assert not viewer.scene.camera.mouse_pan
    assert ruler.gestures == []
    _drag(hand, opened, (20, 20), (20, 60))
    assert len(ruler.gestures) == 1


@pytest.mark.parametrize("tool", ["click", "approve"])
def test_double_click_and_alt_drag_do_not_zoom_while_clicks_are_taken(panel, opened, viewer, hand, tool):
    panel.tools.use(tool)
    before = viewer.scene.camera.zoom
    _double_click(hand, opened, (60, 100))
    _drag(hand, opened, (20, 20), (100, 140), ALT)
    assert viewer.scene.camera.zoom == before
    panel.tools.use("pan")
    _double_click(hand, opened, (60, 100))
    assert viewer.scene.camera.zoom == 2 * before
    _drag(hand, opened, (50, 90), (70, 110), ALT)
    assert viewer.scene.camera.zoom > 2 * before


def _double_click(hand, layer, at):
    where = hand.where(layer, at)
    QTest.mouseClick(hand.canvas.native, LEFT, NONE, where)
    QTest.mouseDClick(hand.canvas.native, LEFT, NONE, where)
    QTest.qWait(30)


def _drag(hand, layer, start, stop, modifiers=NONE):
    """With the button held in every move, and the modifiers, which `QTest` leaves out of moves."""
    widget = hand.canvas.native

    def send(kind, at, button, buttons):
        event = QMouseEvent(kind, at, widget.mapToGlobal(at), button, buttons, modifiers)
        QApplication.sendEvent(widget, event)
        QTest.qWait(5)

    ends = [QPointF(hand.where(layer, at)) for at in (start, stop)]  # the camera may move under way
    send(QEvent.Type.MouseButtonPress, ends[0], LEFT, LEFT)
    for share in np.linspace(0, 1, 6)[1:]:
        send(QEvent.Type.MouseMove, ends[0] * (1 - share) + ends[1] * share, Qt.MouseButton.NoButton, LEFT)
    send(QEvent.Type.MouseButtonRelease, ends[1], LEFT, Qt.MouseButton.NoButton)
    QTest.qWait(30)


def test_eraser_key_after_the_background_brush_takes_the_eraser(panel, opened, hand):
    panel.correct.show_confirmed.click()
    hand.hover(opened, (60, 80))
    hand.key(Qt.Key.Key_B)
    assert (panel.tools.current, panel.label_layers.shows_confirmed) == ("background", True)
    hand.key(Qt.Key.Key_E)
    assert (panel.tools.current, panel.label_layers.shows_confirmed) == ("erase", False)
    assert panel.correct.buttons["erase"].isChecked()
    hand.drag(opened, (60, 60), (60, 90))
    assert not panel.session.current.confirmed.any()  # an eraser says nothing where nothing was
    hand.key(Qt.Key.Key_B)
    hand.drag(opened, (60, 60), (60, 90))
    assert (panel.session.current.confirmed == 1).any()


@pytest.mark.parametrize("meanwhile", ["other layer", "other image", "masks deleted", "panel closed", "nothing"])
def test_drag_is_over_with_the_button_whatever_happened_meanwhile(
    panel, opened, viewer, hand, cells, runners, meanwhile
):
    other = viewer.add_image(cells(seed=1), name="other")
    panel.segment.job.verb.button.click()
    panel.tools.use("paint")
    canvas, session, entry = hand.canvas.native, panel.session, panel.session.current
    QTest.mouseMove(canvas, hand.where(opened, (20, 20)))
    QTest.mousePress(canvas, LEFT, pos=hand.where(opened, (20, 20)))
    QTest.mouseMove(canvas, hand.where(opened, (20, 40)))
    QTest.qWait(30)
    match meanwhile:
        case "other layer":
            viewer.layers.selection.active = other
        case "other image":
            panel.image.open(other)
        case "masks deleted":
            viewer.layers.remove(opened)
        case "panel closed":
            panel.runtime.close()
    QTest.mouseRelease(canvas, LEFT, pos=hand.where(viewer.layers[0], (20, 40)))
    QTest.qWait(30)
    assert not session.regions.is_held
    assert len(entry.history.done) == 1
    session.choose_image(entry)
    session.paint([5], 3)
    assert len(entry.history.done) == 2  # a step of its own
    if meanwhile != "panel closed":
        runners.jobs[-1].finish()
        QTest.qWait(120)
        assert not session.busy("segment")


@pytest.mark.parametrize("tool", ["paint", "erase", "fill", "background"])
def test_stroke_beside_a_flat_image_in_the_3d_view_does_nothing(panel, opened, viewer, tool):
    opened.paint((30, 30), 7)
    before = panel.session.current.labels.copy()
    panel.tools.use(tool)
    viewer.dims.ndisplay = 3
    viewer.scene.camera.angles = (0, 0, 90)
    QTest.qWait(30)
    canvas = viewer.window._qt_viewer.canvas.native
    for x, y in ((3, 3), (canvas.width() - 3, 3), (canvas.width() - 3, canvas.height() - 3)):
        QTest.mouseClick(canvas, LEFT, NONE, QPoint(x, y))  # an error in there fails the test
    viewer.dims.ndisplay = 2
    assert panel.session.current.history.done[1:] == []
    assert np.array_equal(panel.session.current.labels, before)


def test_stroke_in_the_3d_view_goes_on_while_another_layer_has_more_dimensions(panel, viewer, cells):
    viewer.add_image(cells((7, 120, 160)), name="stack", scale=(2, 1, 1))
    QTest.qWait(50)
    masks, entry = panel.label_layers.labels, panel.session.current
    masks.fill((1, 5, 5), 7)
    masks.fill((2, 5, 5), 7)
    viewer.add_image(np.zeros((2, 7, 120, 160), np.uint8), name="maps of a network", visible=False)
    panel.tools.use("erase")
    viewer.dims.ndisplay = 3
    QTest.qWait(30)
    canvas = viewer.window._qt_viewer.canvas.native
    QTest.mouseClick(canvas, LEFT, NONE, canvas.rect().center())
    erased = np.argwhere(entry.labels[0, 1:3] == 0)
    assert len(erased) > 0
    assert np.abs(np.median(erased[:, 1:], axis=0) - (60, 80)).max() < 20  # in the middle of the view


@pytest.mark.parametrize("tool", ["paint", "background", "click", "approve"])
def test_masks_that_are_made_active_again_leave_the_tool_in_the_hand(panel, opened, viewer, tool):
    panel.tools.use(tool)
    viewer.layers.selection.active = viewer.layers["cells"]
    assert panel.label_layers.activate() is opened
    assert viewer.layers.selection.active is opened
    assert panel.tools.current == tool


@pytest.mark.parametrize("tool", ["click", "approve"])
def test_key_that_moves_the_view_puts_down_a_tool_of_ours(panel, opened, hand, tool):
    hand.hover(opened, (60, 80))
    panel.tools.use(tool)
    hand.key(Qt.Key.Key_Z)
    assert (panel.tools.current, opened.cursor) == ("pan", "standard")
    assert not panel.correct.buttons[tool].isChecked()


@pytest.mark.parametrize(("tool", "key"), [("background", Qt.Key.Key_Space), ("click", Qt.Key.Key_P)])
def test_tool_of_ours_comes_back_when_a_key_of_napari_is_let_go(panel, opened, hand, tool, key):
    hand.hover(opened, (60, 80))
    panel.tools.use(tool)
    QTest.keyPress(hand.canvas.native, key)
    assert panel.tools.current != tool
    QTest.qWait(700)  # napari: a key that was held for longer is given back
    QTest.keyRelease(hand.canvas.native, key)
    assert panel.tools.current == tool
    assert panel.correct.buttons[tool].isChecked()


def test_keys_are_napari_s_again_when_the_panel_is_gone(panel, opened, hand):
    panel.runtime.close()
    assert not opened.keymap


@pytest.mark.parametrize("key", [Qt.Key.Key_F1, Qt.Key.Key_Question])
def test_sheet_tells_the_keys_of_all_tools_and_those_of_napari_as_the_user_has_set_them(
    ruler, panel, viewer, opened, hand, key
):
    viewer.window._qt_window.activateWindow()  # shortcuts are those of the active window
    QTest.qWait(50)
    QTest.keyClick(hand.canvas.native, key)
    QTest.qWait(30)
    sheet = panel.correct.sheet
    words = [one.text() for one in sheet.findChildren(QLabel)]
    lines = dict(pairwise(words))
    assert (lines["8"], lines["C"], lines["P"], lines["Shift+A"]) == ("Ruler", "Click a cell", "Brush", "Approve view")
    assert lines["Ctrl+Y"] == "2D or 3D"
    sheet.close()
    QTest.qWait(30)
    panel.correct.show_keys()
    assert panel.correct.sheet is not sheet
    panel.correct.sheet.close()
    QTest.qWait(30)


def test_sheet_of_keys_fits_a_small_screen(panel, opened):
    panel.correct.show_keys()
    size = panel.correct.sheet.sizeHint()
    assert size.width() < 1200
    assert size.height() < 650  # of 1366 x 768, with the bars of a desktop and of the window
    panel.correct.sheet.close()
    QTest.qWait(30)


def test_tool_that_cannot_be_used_says_why_and_is_not_taken(panel, opened, hand):
    panel.session.choose_kind("classes", ())
    button = panel.correct.buttons["click"]
    assert not button.isEnabled()
    assert "\nThere are no classes yet" in button.toolTip()
    hand.hover(opened, (60, 80))
    hand.key(Qt.Key.Key_C)
    assert panel.tools.current == "pan"
    assert panel.correct.below.text().startswith("There are no classes yet")


def test_tool_that_cannot_begin_says_why_and_leaves_the_hand_empty(ruler, panel, opened, hand, monkeypatch):
    def begin():
        raise UserError("Choose two objects first.")

    monkeypatch.setattr(ruler, "turn_on", begin)
    monkeypatch.setattr(Ruler, "mode", "erase")
    panel.tools.use("paint")
    panel.tools.use("ruler")
    assert panel.correct.below.text() == "Choose two objects first."
    assert (panel.tools.current, str(opened.mode)) == ("pan", "pan_zoom")
    assert panel.correct.buttons["pan"].isChecked()


@pytest.fixture
def unknown_napari(monkeypatch):
    from napari.layers import Labels

    monkeypatch.delattr(Labels, "_begin_stroke")


def test_strokes_are_refused_in_a_napari_that_lacks_a_name_and_the_rest_goes_on(
    unknown_napari, panel, opened, viewer, hand, runners
):
    assert "has no Labels._begin_stroke" in panel.correct.refused.text()
    assert panel.correct.refused.isVisible()
    hand.hover(opened, (20, 20))
    hand.key(Qt.Key.Key_P)
    hand.drag(opened, (20, 20), (20, 60))
    assert not opened.data.any()
    assert (panel.tools.current, panel.correct.buttons["paint"].isEnabled()) == ("pan", False)
    with pytest.raises(UserError, match="strokes would be lost"):
        opened.paint((20, 20), 1)
    viewer.dims.ndisplay = 3
    viewer.dims.ndisplay = 2  # napari allows editing anew
    assert not opened.editable
    panel.segment.job.verb.button.click()
    runners.jobs[-1].finish()
    QTest.qWait(120)
    assert len(np.unique(opened.data)) == 13
    hand.hover(opened, (20, 20))
    hand.key(Qt.Key.Key_A)
    assert (panel.session.current.confirmed == 2).any()
