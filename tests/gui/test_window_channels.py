"""An image with channels is seen in colours, and is one image for the session all the same."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest
import tifffile
from npe2 import PluginManifest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.gui.channel_layers import ChannelLayer
from napari_apprentice.gui.opening import open_paths

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def two(tmp_path):
    """DNA is bright in the left half, actin in the lower half; pixels of 0.5 um."""
    path = tmp_path / "two.ome.tif"
    pixels = np.zeros((2, 120, 160), np.uint16)
    pixels[0, :, :80] = 1000
    pixels[1, 60:] = 500
    told = {"axes": "CYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "Channel": {"Name": ["DNA", "actin"]}}
    tifffile.imwrite(path, pixels, ome=True, metadata=told)
    return path


@pytest.fixture
def shown(panel, viewer, two):
    (layer,) = open_paths(viewer, [str(two)])
    QTest.qWait(80)
    viewer.reset_view()
    return layer


def colours(viewer):
    return [one for one in viewer.layers if isinstance(one, ChannelLayer)]


def colour_at(viewer, hand, layer, at):
    QTest.qWait(60)
    picture = viewer.screenshot(canvas_only=True, flash=False)
    where = hand.where(layer, at)
    ratio = picture.shape[1] / hand.canvas.native.width()
    return tuple(int(v) for v in picture[round(where.y() * ratio), round(where.x() * ratio), :3])


def test_two_channels_are_magenta_and_green_and_one_image(panel, viewer, shown, hand):
    assert len(panel.session.entries) == 1
    assert panel.session.current.volume.pixels.shape == (1, 2, 1, 120, 160)
    assert panel.images.layers == [shown]
    assert [one.name for one in viewer.layers if "masks" not in one.name and "confirmed" not in one.name] == [
        "two",
        "two: DNA",
        "two: actin",
    ]
    dna, actin = colours(viewer)
    assert np.shares_memory(dna.data, shown.data)
    assert dna.units == shown.units[1:]
    assert colour_at(viewer, hand, dna, (20, 20)) == (255, 0, 255)
    assert colour_at(viewer, hand, dna, (100, 120)) == (0, 255, 0)
    assert colour_at(viewer, hand, dna, (100, 20)) == (255, 255, 255)
    assert colour_at(viewer, hand, dna, (20, 120)) == (0, 0, 0)
    actin.visible = False
    assert colour_at(viewer, hand, dna, (100, 20)) == (255, 0, 255)
    shown.visible = False  # the eye of the image is that of all
    assert [dna.visible, actin.visible] == [False, False]
    shown.visible = True
    QTest.mouseClick(panel.image.colours, LEFT, pos=_box(panel.image.colours))
    assert colours(viewer) == []
    assert not panel.image.colours.isChecked()
    assert shown.visible
    QTest.mouseClick(panel.image.colours, LEFT, pos=_box(panel.image.colours))
    assert len(colours(viewer)) == 2


def _box(check):
    """The middle of a check box's square."""
    return check.rect().center().__class__(9, check.height() // 2)


def test_looks_stay_where_the_user_set_them_and_layers_go_where_the_image_goes(panel, viewer, shown, cells, hand):
    dna, actin = colours(viewer)
    actin.contrast_limits = (0, 2000)
    dna.colormap = "cyan"
    dna.visible = False
    shown.scale = (1, 2, 2)
    shown.translate = (0, 10, 20)
    assert tuple(dna.scale) == (2, 2)
    assert tuple(actin.translate) == (10, 20)
    assert panel.session.current.volume.spacing == (1, 2, 2)
    other = viewer.add_image(cells(), name="other")
    panel.image.open(other)
    assert colours(viewer) == []
    panel.image.open(shown)
    dna, actin = colours(viewer)
    assert tuple(actin.contrast_limits) == (0, 2000)
    assert [dna.colormap.name, dna.visible, actin.visible] == ["cyan", False, True]
    assert tuple(dna.translate) == (10, 20)
    shown.contrast_limits = (0, 400)  # the slider is on the first channel
    assert [tuple(one.contrast_limits) for one in (dna, actin)] == [(0, 400), (0, 2000)]
    shown.name = "renamed"
    panel.label_layers.activate()
    panel.label_layers.labels.mode = "paint"
    hand.drag(panel.label_layers.labels, (20, 20), (20, 60))
    assert panel.session.current.labels.any()
    hand.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not panel.session.current.labels.any()
    viewer.layers.remove(shown)
    QTest.qWait(30)
    assert colours(viewer) == []


def test_layers_that_are_deleted_stay_away_and_all_go_with_the_panel(panel, viewer, shown):
    for one in colours(viewer):
        viewer.layers.remove(one)
    assert not panel.image.colours.isChecked()
    panel.image.colours.click()
    assert len(colours(viewer)) == 2
    panel.runtime.close()
    assert colours(viewer) == []
    assert shown in viewer.layers
    assert shown.visible


def test_other_pixels_and_other_axes_are_seen_at_once(panel, viewer, shown):
    shown.data = shown.data[:, ::-1].copy()
    dna, _ = colours(viewer)
    assert np.shares_memory(dna.data, shown.data)
    panel.image._on_axes("ZYX")
    assert colours(viewer) == []
    assert panel.image.colours.isHidden()


def test_channels_in_the_middle_and_colours_of_the_file(npe2pm, panel, viewer, tmp_path):
    npe2pm.register(PluginManifest.from_file(str(resources.files("napari_builtins") / "builtins.yaml")))
    path = tmp_path / "stack.tif"
    pixels = np.arange(4 * 3 * 30 * 40, dtype=np.uint16).reshape(4, 3, 30, 40)
    tifffile.imwrite(
        path, pixels, imagej=True, resolution=(4, 4), metadata={"axes": "ZCYX", "spacing": 2, "unit": "um"}
    )
    viewer.open(str(path))  # by napari's own reader
    QTest.qWait(80)
    cyan, yellow, magenta = colours(viewer)
    assert [one.colormap.name for one in (cyan, yellow, magenta)] == ["cyan", "yellow", "magenta"]
    assert yellow.data.shape == (4, 3, 30, 40)
    assert (yellow.data == pixels[:, 1:2]).all()
    np.testing.assert_allclose(yellow.data_to_world((3, 0, 9, 9)), viewer.layers[0].data_to_world((3, 0, 9, 9)))
    coloured = tmp_path / "coloured.ome.tif"
    told = {"axes": "CYX", "Channel": {"Name": ["a", "b"], "Color": [-16776961, 65535]}}  # RGBA: red, blue
    tifffile.imwrite(coloured, pixels[0, :2], ome=True, metadata=told)
    open_paths(viewer, [str(coloured)])
    QTest.qWait(80)
    np.testing.assert_allclose([one.colormap.map(1.0)[0, :3] for one in colours(viewer)], [(1, 0, 0), (0, 0, 1)])


def test_what_a_script_adds_is_shown_in_colours_when_it_is_asked_for(panel, viewer, cells):
    layer = viewer.add_image(cells((2, 120, 160)), name="made")
    QTest.qWait(50)
    panel.image._on_axes("CYX")
    assert colours(viewer) == []
    assert panel.image.colours.isVisible()
    panel.image.colours.click()
    assert [one.name for one in colours(viewer)] == ["made: channel 0", "made: channel 1"]
    assert panel.images.layers == [layer]
