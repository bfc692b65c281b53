"""*Live* in a real window, with the engine at work: a stroke with the brush, what follows it, and Ctrl+Z."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.data.image.volume import Volume
from napari_apprentice.runners.inline import InlineRunners
from napari_apprentice.session import Session
from napari_apprentice.settings import ClassName

CLASSES = (ClassName(value=1, name="bright", color="#ff0000"),)


@pytest.fixture
def session():
    """Two halves, and a session whose engine is in this process."""
    pixels = np.random.default_rng(0).normal(300, 20, (1, 1, 1, 60, 80))
    pixels[..., 40:] += 200
    with Session(runners=InlineRunners()) as session:
        session.choose_kind("classes", CLASSES)
        session.add_image(Volume(pixels.astype(np.uint16), name="halves"))
        yield session


def layer_of(viewer):
    return next((layer for layer in viewer.layers if layer.name == "halves live"), None)


def test_what_is_painted_is_followed_at_once_and_taken_back_with_the_stroke(panel, viewer, session, qtbot, hand):
    live, masks = panel.correct.live, panel.label_layers.labels
    assert live.isVisible()
    assert not live.apply.isVisible()
    live.box.click()
    qtbot.waitUntil(lambda: session.live.proposal is not None, timeout=60_000)
    assert "Paint a stroke of two classes" in live.state.text()
    assert not live.apply.isEnabled()
    panel.tools.use_class(1)
    hand.drag(masks, (10, 60), (40, 60))
    panel.correct.buttons["background"].click()
    hand.drag(masks, (10, 15), (40, 15))
    qtbot.waitUntil(lambda: session.live.proposal.known == (0, 1), timeout=60_000)
    shown = layer_of(viewer)
    assert "background, bright" in live.state.text()
    right = np.broadcast_to(np.arange(80) >= 40, (60, 80))
    unsaid = session.current.confirmed[0, 0] == 0
    assert ((np.asarray(shown.data) == 1) == right)[unsaid].mean() > 0.95
    assert not shown.editable
    assert viewer.layers.selection.active is masks
    assert len(session.current.history.done) == 2
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: session.live.proposal.known == (), timeout=60_000)
    assert not np.asarray(shown.data).any()
    session.redo()
    qtbot.waitUntil(lambda: live.apply.isEnabled(), timeout=60_000)
    live.apply.click()
    qtbot.waitUntil(lambda: not session.busy("segment"), timeout=60_000)
    qtbot.waitUntil(lambda: (session.current.labels[0, 0] == 1).mean() > 0.45, timeout=60_000)
    versions = panel.teach.versions
    live.keep.click()
    qtbot.waitUntil(lambda: session.waiting is not None and versions.adopt.isVisible(), timeout=60_000)
    assert "Version 1 waits for you. It holds what Live learned" in versions.outcome.text()
    assert panel.width() <= 380
    versions.adopt.click()
    assert session.model.key == "v1"
    assert "Version 1 holds what Live learned. It is in use." in versions.outcome.text()
    live.box.click()
    QTest.qWait(50)
    assert layer_of(viewer) is None
    assert not live.state.isVisible()


def test_taking_the_layer_away_ends_it(panel, viewer, session, qtbot):
    live = panel.correct.live
    live.box.click()
    qtbot.waitUntil(lambda: layer_of(viewer) is not None, timeout=60_000)
    viewer.layers.remove(layer_of(viewer))
    QTest.qWait(50)
    assert not session.live.is_on
    assert not live.box.isChecked()
