"""What is suggested in a review, in the window: real keys, what is drawn, what the button says."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.mends import Mends
from napari_apprentice.gui.review_outlines import LOOKED_AT, SUGGESTED

FUSED, FALSE, FIRM = (20, 40), (60, 20), (80, 120)  # where squares begin (y, x)


@pytest.fixture
def proposed(panel, opened):
    """A square of 16 x 32 that has two peaks, one that is nearly nothing, and one that is firm; its entry."""
    entry = panel.session.current
    labels = np.zeros(entry.labels.shape, np.uint32)
    rows = [(FUSED, 32, 0.9), (FALSE, 16, 0.5), (FIRM, 16, 0.05)]
    points, boxes = [], []
    for value, ((y, x), wide, _) in enumerate(rows, start=1):
        labels[..., y : y + 16, x : x + wide] = value
        points.append((0, 0, y + 8, x + 8))
        boxes.append(((0, 1), (0, 1), (y, y + 16), (x, x + wide)))
    mends = Mends.nothing(3)
    mends.cuts[0] = [(0, 0, 28, 48), (0, 0, 28, 64)]
    mends.chances[:2] = [(0, 0.8, 0.1), (0, 0, 0.7)]
    doubts = Doubts(np.array(points), np.array(boxes), np.array([one[2] for one in rows]), np.zeros(3, bool), mends)
    panel.session.edits.replace_labels(labels)
    panel.session.review.take_in(entry, doubts)
    return entry


def drawn(viewer) -> np.ndarray:
    return np.asarray(next(one for one in viewer.layers if one.name == "looked at").data)


def test_9_takes_what_is_drawn_and_0_shows_something_else(panel, viewer, hand, proposed):
    button = panel.review.buttons["take the suggestion"]
    assert not button.isEnabled()
    hand.key(Qt.Key.Key_N)
    assert button.text() == "Take (9): split in two"
    picture = drawn(viewer)
    assert set(np.unique(picture)) == {0, LOOKED_AT, SUGGESTED}
    column = np.flatnonzero((picture == SUGGESTED).sum(axis=0) > 12)
    assert len(column) > 2, "also between the parts"
    hand.key(Qt.Key.Key_0)
    assert button.text() == "Take (9): delete"
    hand.key(Qt.Key.Key_0)
    hand.key(Qt.Key.Key_9)
    parts = np.unique(proposed.labels[..., 20:36, 40:72])
    assert len(parts) == 2
    assert (proposed.confirmed[..., 20:36, 40:72] == 2).all()
    assert panel.session.review.place.id == 2
    assert button.text() == "Take (9): delete"
    hand.key(Qt.Key.Key_9)
    assert not (proposed.labels == 2).any()
    assert button.text() == "Nothing suggested"
    assert not button.isEnabled()
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not proposed.confirmed.any()
    assert (proposed.labels[..., 20:36, 40:72] == 1).all()


def test_next_shows_neighbours_and_the_zoom_stays_from_object_to_object(panel, viewer, hand, proposed):
    hand.key(Qt.Key.Key_N)
    zoom = viewer.scene.camera.zoom
    wide = 24 * abs(float(panel.label_layers.labels.scale[-1])) * zoom / min(viewer.canvas.size)
    assert 0.1 <= wide <= 0.26, "a typical object, as if it was 24 pixels wide"
    hand.key(Qt.Key.Key_N)
    assert viewer.scene.camera.zoom == zoom
