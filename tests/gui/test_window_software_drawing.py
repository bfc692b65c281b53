from __future__ import annotations

import numpy as np
from qtpy.QtTest import QTest

from napari_apprentice.gui.napari_names import canvas_of
from napari_apprentice.gui.software_drawing import keep_drawing


def test_one_image_is_drawn_on_after_the_layers_above_it_are_gone(viewer):
    """Without two programs more Mesa 22.3 ends the process here, and with it all tests."""
    canvas = canvas_of(viewer)
    keep_drawing(canvas)
    keep_drawing(canvas)
    viewer.add_image(np.random.default_rng(0).random((60, 80)))
    for _ in range(4):
        for _ in range(2):
            viewer.add_labels(np.ones((60, 80), np.uint32))
        QTest.qWait(60)
        del viewer.layers[1:]
        for _ in range(3):
            canvas.update()
            QTest.qWait(30)
    assert canvas.render().any()


def test_nothing_is_drawn_on_after_all_layers_are_hidden_or_gone(viewer):
    canvas = canvas_of(viewer)
    keep_drawing(canvas)
    for _ in range(4):
        viewer.add_image(np.random.default_rng(0).random((60, 80)))
        viewer.add_labels(np.ones((60, 80), np.uint32))
        QTest.qWait(60)
        viewer.layers[0].visible = False
        del viewer.layers[1]
        for _ in range(3):
            canvas.update()
            QTest.qWait(30)
        viewer.layers.clear()
        for _ in range(3):
            canvas.update()
            QTest.qWait(30)
    assert not viewer.layers


def test_a_viewer_without_a_window_has_no_canvas():
    from napari.components import ViewerModel

    assert canvas_of(ViewerModel()) is None
