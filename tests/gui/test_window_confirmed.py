from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtTest import QTest

from napari_apprentice.gui.confirmed_marks import HATCH, OUTLINE

SOON_MS = 150


@pytest.fixture
def volume(panel, viewer):
    """Two blocks in a volume, the first one confirmed."""
    labels = np.zeros((6, 40, 40), np.uint32)
    labels[1:5, 5:15, 5:15], labels[1:5, 20:30, 20:30] = 1, 2
    viewer.add_image(labels * np.uint16(90), name="volume", scale=(2, 1, 1), units=("um", "um", "um"))
    QTest.qWait(50)
    panel.session.edits.replace_labels(labels[None])
    panel.session.edits.approve_object((0, 2, 10, 10))
    QTest.qWait(SOON_MS)


def seen(panel) -> np.ndarray:
    return np.asarray(panel.label_layers.confirmed._slice.image.raw)


def test_objects_approved_by_key_have_an_outline_at_once_and_lose_it_with_undo(panel, opened, viewer, hand):
    panel.session.current.labels[0, 0, 20:40, 20:40] = 1
    panel.session.edits.approve_object((0, 0, 30, 30))
    QTest.qWait(SOON_MS)
    assert (seen(panel)[20, 20:40] == OUTLINE).all()
    assert not seen(panel)[21:39, 21:39].any()
    panel.session.undo()
    QTest.qWait(SOON_MS)
    assert not seen(panel).any()
    panel.session.redo()
    QTest.qWait(SOON_MS)
    assert (seen(panel)[20, 20:40] == OUTLINE).all()


@pytest.mark.usefixtures("volume")
def test_in_a_volume_a_slice_has_outlines_and_the_3d_view_the_confirmed_objects_in_their_colours(panel, viewer):
    viewer.dims.set_point(0, 2 * 2)
    QTest.qWait(SOON_MS)
    assert set(np.unique(seen(panel))) == {0, OUTLINE}
    viewer.dims.ndisplay = 3
    QTest.qWait(SOON_MS)
    layer, masks = panel.label_layers.confirmed, panel.label_layers.labels
    assert (np.asarray(layer.data) == np.where(np.asarray(masks.data) == 1, 1, 0)).all()
    assert (layer.get_color(1) == masks.get_color(1)).all()
    assert layer.opacity > masks.opacity
    viewer.dims.ndisplay = 2
    QTest.qWait(SOON_MS)
    assert set(np.unique(seen(panel))) == {0, OUTLINE}


def test_hidden_it_stays_hidden_for_the_next_image_and_comes_when_it_is_asked_for(panel, opened, viewer, cells):
    panel.correct.show_confirmed.click()
    panel.session.edits.paint_background(np.arange(100 * 160))
    viewer.add_image(cells((120, 160)), name="other")
    QTest.qWait(SOON_MS)
    assert not panel.label_layers.confirmed.visible
    panel.image.open(viewer.layers["cells"])
    QTest.qWait(SOON_MS)
    panel.correct.show_confirmed.click()
    QTest.qWait(SOON_MS)
    assert (seen(panel) == HATCH).any()
