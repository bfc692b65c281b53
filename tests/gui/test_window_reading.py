"""What a file does not say is asked for in the panel; channels are chosen for each input of the model."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
import torch
from napari.layers import Layer
from qtpy.QtTest import QTest

from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build
from napari_apprentice.gui.opening import read
from napari_apprentice.project.folder import Project
from napari_apprentice.session import Session

CHANNELS = ("dapi", "actin", "er", "rna")


@pytest.fixture
def four(tmp_path, cells):
    """Four channels with names, in a file."""
    path = tmp_path / "four.ome.tif"
    pixels = np.stack([cells(seed=seed) for seed in range(4)])
    tifffile.imwrite(
        path,
        pixels,
        metadata={"axes": "CYX", "Channel": {"Name": CHANNELS}, "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5},
    )
    return path


@pytest.fixture
def two_inputs(tmp_path):
    """A model that looks at cytoplasm and nucleus."""
    torch.manual_seed(0)
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=4, norm="none")
    header = ModelHeader(id="two", name="two", net=net, image_channels=2, channels=("cytoplasm", "nucleus"))
    checkpoint.save(tmp_path / "two.safetensors", header, build(net))
    return str(tmp_path / "two.safetensors")


def drop(viewer, path):
    """As File > Open does."""
    for data in read(str(path)):
        viewer.add_layer(Layer.create(*data))
    QTest.qWait(50)


def pick(field, place):
    field.setCurrentIndex(field.findData(place))
    field.activated.emit(field.currentIndex())


def test_each_input_of_the_model_gets_the_channel_chosen_for_it(panel, viewer, four, two_inputs, cells):
    drop(viewer, four)
    panel.session.choose_model(two_inputs)
    fields = panel.image.channels.fields
    assert [field.currentText() for field in fields] == ["", ""]
    assert "choose 2 channels in the order of the model" in panel.model.words.text()
    assert "(cytoplasm, nucleus)" in panel.segment.job.verb.reason.text()
    pick(fields[0], 2)
    assert panel.session.current.volume.pixels.shape[1] == 4  # the other input has no channel yet
    pick(fields[1], 0)
    volume = panel.session.current.volume
    assert volume.channels == ("er", "dapi")
    np.testing.assert_array_equal(volume.pixels[0, :, 0], [cells(seed=2), cells(seed=0)])
    assert panel.segment.job.verb.button.isEnabled()
    assert [field.currentText() for field in panel.image.channels.fields] == ["2  er", "0  dapi"]


def test_a_model_of_one_input_has_one_field(panel, viewer, four):
    drop(viewer, four)
    panel.session.choose_model("nuclei-2d")
    assert "choose which channel to use" in panel.model.words.text()
    (field,) = panel.image.channels.fields
    pick(field, 1)
    assert panel.session.current.volume.channels == ("actin",)
    assert panel.segment.job.verb.button.isEnabled()


def test_a_fresh_network_is_made_for_the_channels_ticked(panel, viewer, four):
    drop(viewer, four)
    panel.session.choose_model("fresh")
    choice = panel.image.channels
    assert choice.ticks.text() == "all 4"
    for place in (0, 3):
        choice._menu.actions()[place].trigger()
    choice._menu.aboutToHide.emit()
    assert choice.ticks.text() == "actin, er"
    assert panel.session.current.volume.channels == ("actin", "er")
    assert panel.session.models.fresh_net().in_channels == 4  # two for each channel
    choice._menu.actions()[0].trigger()
    choice._menu.aboutToHide.emit()
    assert panel.session.current.volume.channels == ("actin", "er", "dapi")
    assert panel.session.models.fresh_net().in_channels == 6


def test_channels_are_remembered_and_others_can_still_be_chosen(panel, viewer, four, two_inputs, runners):
    drop(viewer, four)
    panel.session.choose_model(two_inputs)
    pick(panel.image.channels.fields[0], 3)
    pick(panel.image.channels.fields[1], 1)
    panel.label_layers.labels.paint((30, 30), 7)
    path = panel.session.project.path
    panel.session.close_project()
    viewer.layers.clear()
    panel.images.forget()
    with Session(runners=runners) as other:
        other.continue_project(Project.open(path))
        assert other.current.volume.channels == ("rna", "actin")
        assert (other.current.labels == 7).any()
    panel.continue_project(path)
    assert viewer.layers["four"].data.shape[0] == 4  # the whole file is shown
    assert panel.session.current.volume.channels == ("rna", "actin")
    assert (panel.session.current.labels == 7).any()
    assert panel.images.current.reading.channels == (3, 1)


def test_channels_of_rgb_may_stay_grey(panel, viewer):
    pixels = np.random.default_rng(0).integers(0, 255, (60, 70, 3)).astype(np.uint8)
    viewer.add_image(pixels, rgb=True, name="photo")
    QTest.qWait(50)
    panel.session.choose_model("nuclei-2d")
    (field,) = panel.image.channels.fields
    assert field.currentText() == "all, as grey"
    assert panel.segment.job.verb.button.isEnabled()
    pick(field, 1)
    assert (panel.session.current.volume.pixels[0, 0, 0] == pixels[..., 1]).all()
    pick(panel.image.channels.fields[0], None)
    assert panel.session.current.volume.pixels.shape[1] == 3


def test_an_image_of_one_channel_asks_for_none(panel, opened):
    assert panel.image.channels.isHidden()


def test_a_pixel_size_that_is_not_known_is_asked_for_until_it_is_entered(panel, viewer, cells):
    viewer.add_image(cells(), name="cells")
    QTest.qWait(50)
    ask = panel.image.ask_size
    assert not ask.isHidden()
    assert "1 px" in ask.words.text()
    assert panel.segment.job.verb.button.isEnabled()  # nothing waits for it
    ask.plane.setValue(0.25)
    ask.plane.editingFinished.emit()
    assert ask.isHidden()
    assert panel.session.current.volume.spacing[1:] == (0.25, 0.25)
    assert panel.session.current.volume.unit == "um"
    assert str(viewer.layers["cells"].units[-1]) in ("micrometer", "um")


def test_half_a_voxel_size_is_no_answer(panel, viewer, cells):
    viewer.add_image(cells((6, 120, 160)), name="stack")
    QTest.qWait(50)
    ask = panel.image.ask_size
    ask.plane.setValue(0.5)
    ask.plane.editingFinished.emit()
    assert panel.session.current.volume.unit == "pixel"
    ask.step.setValue(2.0)
    ask.step.editingFinished.emit()
    assert panel.session.current.volume.spacing == (2.0, 0.5, 0.5)


def test_a_known_pixel_size_is_not_asked_for(panel, opened):
    assert panel.image.ask_size.isHidden()
    assert panel.image.ask_axes.isHidden()


def test_planes_that_nothing_names_are_asked_about(panel, viewer, tmp_path, cells):
    tifffile.imwrite(tmp_path / "stack.tif", cells((7, 120, 160)))
    drop(viewer, tmp_path / "stack.tif")
    ask = panel.image.ask_axes
    assert not ask.isHidden()
    assert ask.words.text() == "Read as z, y, x, but the file does not say. The 7 planes are:"
    ask.buttons["T"].click()
    assert panel.session.current.labels.shape == (7, 1, 120, 160)
    assert ask.isHidden()
    assert not panel.segment.link.isHidden()


def test_a_guess_that_is_right_is_confirmed_and_stays_so(panel, viewer, tmp_path, cells):
    tifffile.imwrite(tmp_path / "stack.tif", cells((7, 120, 160)))
    drop(viewer, tmp_path / "stack.tif")
    entry = panel.session.current
    panel.image.ask_axes.buttons["Z"].click()
    assert panel.session.current is entry
    assert panel.image.ask_axes.isHidden()
    panel.label_layers.labels.paint((3, 30, 30), 7)
    path = panel.session.project.path
    panel.session.close_project()
    panel.images.forget()
    panel.continue_project(path)
    assert panel.image.ask_axes.isHidden()


def test_more_axes_are_chosen_from_a_list(panel, viewer, tmp_path, cells):
    tifffile.imwrite(tmp_path / "many.tif", cells((6, 7, 60, 80)))
    drop(viewer, tmp_path / "many.tif")
    ask = panel.image.ask_axes
    assert ask.choice.currentText() == "time, z, y, x"
    pick(ask.choice, "ZTYX")
    assert panel.session.current.labels.shape == (7, 6, 60, 80)
    assert ask.isHidden()


def test_axes_that_are_confirmed_leave_the_channels_as_chosen(panel, viewer, tmp_path, cells):
    tifffile.imwrite(tmp_path / "two.tif", cells((2, 7, 60, 80)))
    drop(viewer, tmp_path / "two.tif")
    ask = panel.image.ask_axes
    assert ask.choice.currentText() == "channel, z, y, x"
    panel.session.choose_model("nuclei-2d")
    pick(panel.image.channels.fields[0], 1)
    ask.right.click()
    assert ask.isHidden()
    assert panel.session.current.volume.pixels.shape[:3] == (1, 1, 7)
    assert panel.images.current.reading.channels == (1,)


def test_ids_are_kept_through_time_when_that_is_ticked(panel, viewer, opened, cells, runners):
    assert panel.segment.link.isHidden()  # one frame
    viewer.add_image(cells((5, 120, 160)), name="film", axis_labels=("t", "y", "x"))
    panel.image.open(viewer.layers["film"])
    assert not panel.segment.link.isHidden()
    panel.segment.link.click()
    panel.segment.job.verb.button.click()
    assert runners.jobs[-1].job.settings.link
    runners.jobs[-1].finish()
    panel.session.run_until_idle()
    shown = panel.label_layers.labels.data
    assert len(np.unique(shown[0])) == 13
    for t in range(5):  # the same squares in each frame
        np.testing.assert_array_equal(shown[t], shown[0])
    panel.session.undo()
    assert not panel.label_layers.labels.data.any()
    panel.session.redo()
    assert len(np.unique(shown)) == 13


def test_windows_of_computed_tomography_set_the_contrast(panel, viewer, tmp_path):
    import nibabel

    voxels = np.random.default_rng(0).integers(-1000, 1200, (40, 30, 6)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([-0.8, 0.8, 2.5, 1])), tmp_path / "ct.nii.gz")
    drop(viewer, tmp_path / "ct.nii.gz")
    menu = panel.image.contrast
    assert not menu.isHidden()
    menu.choices.aboutToShow.emit()
    chosen = {action.text().split("  ")[0]: action for action in menu.choices.actions()}
    chosen["soft tissue"].trigger()
    assert viewer.layers["ct"].contrast_limits == [-160, 240]
    chosen["lung"].trigger()
    assert viewer.layers["ct"].contrast_limits == [-1350, 150]  # lower than any voxel, and kept


def test_a_picture_has_no_windows(panel, opened):
    assert panel.image.contrast.isHidden()
