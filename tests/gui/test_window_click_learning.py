"""What was kept by real clicks teaches the next clicks; the engine is a threshold, so that what is found is known."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.events import Progress
from napari_apprentice.session.catalog import ASKED

PLACES = ((20, 20), (20, 60), (60, 100), (60, 60))


@pytest.fixture
def pane(panel, opened):
    panel.correct.buttons["click"].click()
    return panel.correct.click_learning


@pytest.fixture
def keep(opened, hand, runners, qtbot, panel):
    """Click a cell at a place (y, x), and keep what is proposed with Enter."""

    def keep(at) -> None:
        hand.click(opened, at)
        qtbot.waitUntil(lambda: any(not one.ended and one.job.type == "ask" for one in runners.jobs))
        for one in runners.jobs:
            if not one.ended and one.job.type == "ask":
                one.finish()
        qtbot.waitUntil(lambda: panel.session.verbs.click.proposal is not None)
        hand.key(Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: panel.session.verbs.click.proposal is None)

    return keep


def asked_with(panel, runners) -> str:
    panel.session.click((0, 0, 100, 20))
    model = next(one.job.click_model for one in reversed(runners.jobs) if one.job.type == "ask")
    panel.session.discard_click()
    return Path(model).stem


def test_kept_cells_are_learned_from_and_the_next_clicks_are_answered_by_it(panel, pane, keep, runners, qtbot):
    assert not pane.isVisible(), "there is nothing to learn from yet"
    for at in PLACES[:3]:
        keep(at)
    qtbot.waitUntil(pane.isVisible)
    assert pane.job.verb.button.text() == "Learn from 3 kept cells"
    QTest.mouseClick(pane.job.verb.button, Qt.MouseButton.LeftButton)
    learning = runners.jobs[-1]
    assert learning.job.verb == "teach-clicks"
    learning.say(Progress(done=10, total=100, left_s=40.0, what="Learning, step 10 of about 100"))
    qtbot.waitUntil(lambda: "about 40 s left" in pane.job.words.text())
    assert not pane.job.verb.isVisible()
    keep(PLACES[3])  # one goes on meanwhile
    learning.finish()
    qtbot.waitUntil(lambda: pane.outcome.isVisible())
    assert pane.outcome.text() == (
        "Clicks are answered by what was learned from 3 cells: 3.4 clicks an object before, 2.1 after."
    )
    qtbot.waitUntil(lambda: pane.job.verb.button.text() == "Learn from 4 kept cells")
    assert asked_with(panel, runners) == "v1"
    assert panel.project.words.text().endswith("0 taught versions, 1 of clicks")
    assert not pane.decide.isVisible()
    QTest.mouseClick(pane.back, Qt.MouseButton.LeftButton)
    assert asked_with(panel, runners) == ASKED
    assert "is kept but not in use" in pane.outcome.text()


def test_what_is_not_better_waits_for_the_user_and_a_cancel_changes_nothing(panel, pane, keep, runners, qtbot):
    for at in PLACES[:3]:
        keep(at)
    qtbot.waitUntil(pane.isVisible)
    QTest.mouseClick(pane.job.verb.button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(pane.job.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Cancelled" in pane.job.ended.text())
    assert not pane.outcome.isVisible()
    QTest.mouseClick(pane.job.verb.button, Qt.MouseButton.LeftButton)
    runners.jobs[-1].learned = {"why_no_score": "There are only 2 objects set aside: too few to judge."}
    runners.jobs[-1].finish()
    qtbot.waitUntil(pane.decide.isVisible)
    assert "waits for you. There are only 2 objects set aside" in pane.outcome.text()
    qtbot.waitUntil(lambda: pane.outcome.height() >= pane.outcome.heightForWidth(pane.outcome.width()))
    qtbot.waitUntil(lambda: pane.outcome.geometry().bottom() < pane.decide.geometry().top())  # none of it is hidden
    assert asked_with(panel, runners) == ASKED
    QTest.mouseClick(pane.use, Qt.MouseButton.LeftButton)
    assert asked_with(panel, runners) == "v1"
    assert pane.back.isVisible()
    panel.correct.buttons["click"].click()  # out of the hand
    assert not pane.isVisible()


def test_how_many_clicks_it_takes_is_said_once(panel, pane, keep, runners, qtbot):
    for at in PLACES[:3]:
        keep(at)
    qtbot.waitUntil(pane.isVisible)
    QTest.mouseClick(pane.job.verb.button, Qt.MouseButton.LeftButton)
    why = "It is not clearly better (1.0 clicks an object before, 1.5 after, on 12 set aside)."
    runners.jobs[-1].learned = {"clicks_before": 1.0, "clicks_after": 1.5, "better": False, "why_waits": why}
    runners.jobs[-1].finish()
    qtbot.waitUntil(pane.decide.isVisible)
    assert pane.outcome.text() == f"What was learned from 3 cells waits for you. {why}"
