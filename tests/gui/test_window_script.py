"""The panel opened from a script, for which napari hands plugins stand-ins of the viewer and its layers."""

from __future__ import annotations

import numpy as np
import pytest
from napari.utils._proxies import PublicOnlyProxy
from qtpy.QtTest import QTest

from napari_apprentice.gui.panel import ApprenticePanel


@pytest.fixture
def layer(viewer, cells):
    return viewer.add_image(cells(), name="cells")


@pytest.fixture
def docked(viewer, layer):
    """The panel as ``viewer.window.add_plugin_dock_widget`` makes it."""
    _, panel = viewer.window.add_plugin_dock_widget("napari-apprentice")
    QTest.qWait(50)
    yield panel
    panel.runtime.close()


def test_a_layer_that_was_there_is_followed(docked, layer):
    assert docked.session.current.name == "cells"
    assert docked.images.current.layer is layer
    layer.units = ("um", "um")
    layer.scale = (0.25, 0.25)
    volume = docked.session.current.volume
    assert (volume.spacing, volume.unit) == ((1.0, 0.25, 0.25), "um")
    assert tuple(docked.label_layers.labels.scale) == (0.25, 0.25)
    others = np.asarray(layer.data)[::-1].copy()
    layer.data = others
    np.testing.assert_array_equal(docked.session.current.volume.pixels[0, 0, 0], others)
    layer.name = "again"
    assert [one.name for one in docked.images.layers] == ["again"]


def test_segment_works_on_the_pixels_as_they_are_now(viewer, layer, session, runners, qtbot):
    panel = ApprenticePanel(PublicOnlyProxy(viewer), session)
    qtbot.addWidget(panel)
    QTest.qWait(50)
    session.segment()
    assert runners.jobs[-1].labels().max() == 12
    session.cancel()
    session.run_until_idle()
    layer.data = np.where(np.arange(160) < 80, layer.data, 0).astype(np.uint16)  # the left half of the cells
    session.segment()
    assert runners.jobs[-1].labels().max() == 6
    panel.runtime.close()


def test_a_layer_that_was_there_and_is_removed_is_noticed(docked, layer, viewer):
    viewer.layers.remove(layer)
    assert docked.images.layers == []
    assert docked.images.shown(docked.session.entries[0]).layer is None


def test_a_second_panel_goes_on_with_the_project_of_the_first(docked, viewer):
    project = docked.session.project.path
    second = ApprenticePanel(PublicOnlyProxy(viewer))
    QTest.qWait(50)
    assert second.session.project.path == project
    second.runtime.close()
