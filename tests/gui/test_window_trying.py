"""The list of models, trying all on the view, and hints, in the window: real clicks, a played engine."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.data.storage import put_away
from napari_apprentice.gui.widgets.states import STATE
from napari_apprentice.settings import ClassName

LEFT = Qt.MouseButton.LeftButton
ROLE = Qt.ItemDataRole


def press(widget) -> None:
    QTest.mouseClick(widget, LEFT, pos=widget.rect().center())
    QTest.qWait(30)


def test_the_list_says_what_models_are_for_and_why_some_do_not_fit(panel, opened, session):
    choice = panel.model.choice
    choice.showPopup()
    texts = [choice.itemText(i) for i in range(choice.count())]
    nuclei, cells = choice.findData("nuclei-2d"), choice.findData("cells-2d")
    first, others = (
        texts.index("Fits this image, the likely best first"),
        texts.index("Others: point at one to see why"),
    )
    assert first < nuclei < others < cells
    assert not choice.model().item(first).isEnabled()
    assert choice.itemData(cells, STATE) == "whole cells: phase contrast"
    assert "this image has bright objects on dark ground" in choice.itemData(cells, ROLE.ToolTipRole)
    choice.hidePopup()
    assert panel.model.words.text() == "Nuclei: fluorescence, stained sections; 2D, any size."


def test_all_are_tried_on_the_view_and_one_is_taken(panel, opened, session, runners, qtbot, viewer):
    press(panel.model.try_all)
    pane = panel.tried.pane
    assert pane.isVisible()
    for place in (1, 2):
        runners.jobs[-1].finish()
        qtbot.waitUntil(lambda place=place: len(pane.cards) == place)
    qtbot.waitUntil(lambda: not pane.job.running.isVisible())
    assert not session.current.labels.any()
    assert {card.title.text() for card in pane.cards} == {"nuclei-2d", "cells-2d"}
    assert pane.cards[0].words[0].text() == "12 objects, 0.1 s"
    assert pane.notes.text().startswith("None is sure")  # the played engine says nothing of it
    QTest.mouseClick(pane.cards[0].picture, LEFT)
    layer = pane.outlines.layer
    assert (layer.contour, layer.editable) == (2, False)
    assert np.allclose(layer.scale, (0.5, 0.5))
    viewer.layers.remove(layer)
    QTest.mouseClick(pane.cards[0].picture, LEFT)
    assert pane.outlines.layer is not None
    card = next(one for one in pane.cards if one.title.text() == "cells-2d")
    assert card.take.text() == "Use this model"
    press(card.take)
    assert pane.outlines.layer is None
    assert session.model.key == "cells-2d"
    assert len(np.unique(session.current.labels)) == 13
    assert opened.data.any()
    session.undo()
    assert not session.current.labels.any()


def test_a_hint_stands_beside_its_step_and_is_put_away_for_good(panel, opened, session, viewer, qtbot):
    callout, canvas = panel.hints.callout, viewer.window._qt_window.centralWidget()
    qtbot.waitUntil(lambda: callout.text == "Press Segment, or click a cell" and callout.isVisible())
    assert callout.parent() is canvas
    button = panel.segment.job
    height = canvas.mapFromGlobal(button.mapToGlobal(button.rect().center())).y()
    qtbot.waitUntil(lambda: abs(callout.geometry().center().y() - height) < 3)
    before = panel.segment.job.pos()
    press(callout.cross)
    assert (callout.text, callout.isVisible()) == ("", False)
    assert panel.segment.job.pos() == before
    assert put_away.read() == {"segment"}
    panel.segment._fold.click()
    press(panel.segment.hints)
    assert callout.text == "Press Segment, or click a cell"
    assert put_away.read() == frozenset()


def test_with_classes_nothing_in_the_hand_speaks_of_objects(panel, opened, session):
    session.choose_kind("classes", (ClassName(value=1, name="tissue"), ClassName(value=2, name="glass")))
    for name, tool in panel.tools.all.items():
        if tool.hint and tool.is_offered() and not tool.why_not():
            panel.tools.use(name)
            assert "object" not in panel.correct.hint.text(), name
