"""napari's own reader opens plain TIFF; what it leaves out is read again, or all of it by *Open with Apprentice*."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import tifffile
from napari.layers import Image
from npe2 import PluginManifest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_apprentice.gui import open_dialog
from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.layers import set_spacing
from napari_apprentice.project.folder import Project
from napari_apprentice.session import Session

OURS = Path(__file__).parents[2] / "napari.yaml"


@pytest.fixture
def plugins(npe2pm):
    """Both readers are installed, as for users."""
    npe2pm.register(PluginManifest.from_file(str(resources.files("napari_builtins") / "builtins.yaml")))
    npe2pm.register(PluginManifest.from_file(OURS))
    return npe2pm


@pytest.fixture
def imagej(tmp_path, cells):
    """4 slices of 2 channels, 2 um apart, pixels of 0.25 um."""
    path = tmp_path / "stack.tif"
    pixels = np.stack([np.stack([cells(seed=z), cells(seed=z + 9)]) for z in range(4)])
    told = {"axes": "ZCYX", "spacing": 2.0, "unit": "um"}
    tifffile.imwrite(path, pixels, imagej=True, resolution=(4, 4), metadata=told)
    return path


@pytest.fixture
def ome(tmp_path, cells):
    """6 frames of 2 named channels, pixels of 0.5 um; nothing of its shape says which axis is time."""
    path = tmp_path / "movie.ome.tif"
    pixels = np.stack([np.stack([cells(seed=t), cells(seed=t + 9)]) for t in range(6)])
    told = {"axes": "TCYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5, "Channel": {"Name": ["DNA", "actin"]}}
    tifffile.imwrite(path, pixels, ome=True, metadata=told)
    return path


def test_a_plain_tiff_is_opened_from_python_without_a_choice_of_plugins(plugins, viewer, imagej):
    (layer,) = viewer.open(str(imagej))
    assert layer.data.shape == (4, 2, 120, 160)
    assert tuple(layer.scale) == (1, 1, 1, 1)  # as napari shows it; the panel is not open


def test_imagej_axes_and_pixel_size_come_from_the_file_and_the_masks_lie_on_the_image(plugins, panel, viewer, imagej):
    (layer,) = viewer.open(str(imagej))
    QTest.qWait(50)
    assert panel.image.words.text() == "3D, 2 channels, 4 slices of 120 x 160 pixels, 2 x 0.25 x 0.25 um"
    assert (panel.image.ask_axes.isVisible(), panel.image.ask_size.isVisible()) == (False, False)
    assert tuple(layer.scale) == (2, 1, 0.25, 0.25)  # channels are not apart
    assert [str(unit) for unit in layer.units] == ["micrometer", "pixel", "micrometer", "micrometer"]
    assert layer.axis_labels == ("z", "c", "y", "x")
    masks = panel.label_layers.labels
    assert masks.data.shape == (4, 2, 120, 160)  # the same masks below each channel
    np.testing.assert_allclose(masks.data_to_world((3, 1, 100, 80)), layer.data_to_world((3, 1, 100, 80)))
    assert panel.session.current.volume.source == str(imagej)


def test_ome_axes_channel_names_and_pixel_size_come_from_the_file(plugins, panel, viewer, ome):
    (layer,) = viewer.open(str(ome))
    QTest.qWait(50)
    volume = panel.session.current.volume
    assert volume.pixels.shape == (6, 2, 1, 120, 160)
    assert (volume.channels, volume.spacing, volume.unit) == (("DNA", "actin"), (1.0, 0.5, 0.5), "um")
    assert tuple(layer.scale) == (1, 1, 0.5, 0.5)
    masks = panel.label_layers.labels
    np.testing.assert_allclose(masks.data_to_world((5, 1, 100, 80)), layer.data_to_world((5, 1, 100, 80)))
    assert viewer.scene.camera.center[-2:] == pytest.approx(
        (29.75, 39.75), abs=0.5
    )  # the smaller image is in view again


def test_what_the_user_has_set_stays(plugins, panel, viewer, imagej):
    viewer.open(str(imagej), scale=(1, 1, 3, 3))
    QTest.qWait(50)
    assert tuple(viewer.layers[0].scale) == (1, 1, 3, 3)
    assert panel.session.current.volume.spacing == (1, 3, 3)


def test_the_project_goes_on_with_a_layer_that_napari_opened_again(plugins, viewer, imagej, tmp_path):
    with Session(Project.create(tmp_path / "p")) as session:
        images = OpenImages(viewer, session)
        images.open(viewer.open(str(imagej))[0])
        set_spacing(viewer.layers[0], images.current.reading, (3.0, 0.5, 0.5), "um")  # the file was wrong
        images.close()
    viewer.layers.clear()
    (layer,) = viewer.open(str(imagej))
    with Session(Project.open(tmp_path / "p")) as session:
        images = OpenImages(viewer, session)
        images.show_all()
        assert list(viewer.layers) == [layer]
        assert tuple(layer.scale) == (3, 1, 0.5, 0.5)
        assert session.current.volume.spacing == (3, 0.5, 0.5)
        images.close()


def test_a_file_that_is_another_by_now_says_nothing_about_the_layer(plugins, viewer, imagej, session):
    (layer,) = viewer.open(str(imagej))
    tifffile.imwrite(imagej, np.zeros((3, 30, 40), np.uint8), imagej=True, resolution=(9, 9), metadata={"unit": "um"})
    OpenImages(viewer, session).open(layer)
    assert tuple(layer.scale) == (1, 1, 1, 1)
    assert session.current.volume.source == str(imagej)


def test_the_panel_opens_files_with_all_that_they_say_and_works_on_them(panel, opened, viewer, ome, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args: ([str(ome)], ""))
    files, folder, *_ = panel.image.files.choices.actions()
    files.trigger()
    assert panel.session.current.name == "movie"
    assert panel.image.words.text() == "2D, 6 frames, 2 channels, 120 x 160 pixels, 0.5 x 0.5 um"
    ome.write_text("no image")
    files.trigger()
    assert "movie.ome.tif is damaged" in panel.image.below.text()
    assert len([one for one in viewer.layers if type(one) is Image]) == 2
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: "")
    folder.trigger()
    assert panel.session.current.name == "movie"


def test_the_menu_s_command_opens_files_too(plugins, viewer, ome, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args: ([str(ome)], ""))
    manifest = plugins.get_manifest("napari-apprentice")
    assert [one.command for one in manifest.contributions.menus["napari/file/io_utilities"]] == [
        "napari-apprentice.open_files",
        "napari-apprentice.open_folder",
    ]
    command = next(one for one in manifest.contributions.commands if one.id == "napari-apprentice.open_files")
    assert command.python_name == f"{open_dialog.__name__}:open_files"
    open_dialog.open_files(viewer)
    assert [one.name for one in viewer.layers] == ["movie"]
    assert tuple(viewer.layers[0].scale) == (1, 1, 0.5, 0.5)


def test_an_image_opened_beside_another_is_the_one_to_work_on(plugins, panel, opened, viewer, imagej):
    viewer.open(str(imagej))
    QTest.qWait(50)
    assert panel.session.current.name == "stack"
    assert panel.image.choice.currentText() == "stack"
    assert viewer.layers["stack"].visible
    assert not viewer.layers["cells"].visible


def test_the_menu_s_command_opens_the_image_to_work_on(panel, opened, viewer, ome, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *told: ([str(ome)], ""))
    open_dialog.open_files(viewer)
    QTest.qWait(50)
    assert panel.session.current.shape == (6, 1, 120, 160)
    assert panel.label_layers.labels.data.shape == (6, 120, 160)


def test_an_image_that_was_made_in_the_window_is_looked_at_only(panel, opened, viewer, cells):
    viewer.add_image(cells() * 0.5, name="half")
    QTest.qWait(50)
    assert panel.session.current.name == "cells"
    assert len(panel.session.entries) == 1


def test_a_thumbnail_that_napari_shows_is_said_to_be_another_image(plugins, panel, viewer, tmp_path, cells):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(cells()[::4, ::4], metadata=None, subfiletype=1)
        file.write(cells(), metadata=None)
    (layer,) = viewer.open(str(tmp_path / "a.tif"))
    QTest.qWait(50)
    assert layer.data.shape == (30, 40)
    assert panel.image.notes.text() == (
        "napari shows another image of a.tif than the one of 120 x 160 pixels: for that, Open with Apprentice."
    )
    panel.image.open_paths([str(tmp_path / "a.tif")])
    QTest.qWait(50)
    assert panel.session.current.volume.pixels.shape[-2:] == (120, 160)
    assert panel.image.notes.text().startswith("Left out of a.tif: a page of 30 x 40 pixels")


@pytest.mark.parametrize("by_us", [False, True])
def test_planes_that_are_not_there_are_said_in_the_panel(plugins, panel, viewer, ome, by_us):
    ome.write_bytes(ome.read_bytes().replace(b'SizeT="6"', b'SizeT="7"'))
    if by_us:
        panel.image.open_paths([str(ome)])
    else:
        viewer.open(str(ome))
    QTest.qWait(50)
    assert panel.image.words.text().startswith("2D, 7 frames, 2 channels")
    assert panel.image.notes.isVisible()
    assert panel.image.notes.text() == (
        "movie.ome.tif announces 14 planes, of which 2 (t 6, c 0; t 6, c 1, counted from 0) are not there: "
        "they are black."
    )
