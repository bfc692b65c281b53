"""Choosing the network of a fresh start, and looking inside the one in use, in a real window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_apprentice.architecture import FreshSettings
from napari_apprentice.data.storage import scratch
from napari_apprentice.events import Failed, Finished
from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.tools.inside import laid_out
from napari_apprentice.gui.widgets.filefield import FileField
from napari_apprentice.jobs import InsideResult
from napari_apprentice.session import InsideMap
from napari_apprentice.settings import ClassName


def press(button) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(combo, text: str) -> None:
    """Open the list and pick a line with the keyboard."""
    index = combo.findText(text)
    assert index >= 0, [combo.itemText(i) for i in range(combo.count())]
    combo.setCurrentIndex(index)
    combo.activated.emit(index)
    QTest.qWait(30)


def answer(
    runners, values: np.ndarray, scale=(1.0, 4.0, 4.0), origin=(0.0, 1.5, 1.5), number: int = -1, names=()
) -> None:
    """What the engine answers a look with; values (channels, z, y, x)."""
    started = runners.jobs[number]
    job = started.job
    result = InsideResult(
        job=job.id,
        generation=job.generation,
        level=job.level,
        map=scratch.write(job.out.path, values.astype(np.float16)),
        channels=tuple(range(len(values)))[:: 1 if names else -1],
        frame=job.box[0][0],
        scale=scale,
        origin=origin,
        names=names,
    )
    started.say(Finished(result=result))
    QTest.qWait(120)


def inside_layer(panel):
    found = [layer for layer in panel.viewer.layers if " of nuclei-2d" in layer.name]
    assert len(found) == 1
    return found[0]


# the network of a fresh start


def test_the_network_chosen_in_the_panel_is_the_one_that_learns(panel, opened, runners, cells):
    choose(panel.model.choice, "Fresh U-Net (2D)")
    fresh = panel.model.fresh
    assert fresh.isVisible()
    assert not fresh.more.isVisible()
    choose(fresh.form.fields["network"].native, "Attention U-Net")
    fresh.form.fields["width"].native.setValue(8)
    press(fresh.fold)
    assert fresh.more.isVisible()
    choose(fresh.more.fields["norm"].native, "group")
    assert panel.model.choice.currentText() == "Fresh Attention U-Net (2D)"
    assert fresh.words.text().startswith("Gates learn where a skip matters")
    assert "Oktay" in fresh.words.text()
    assert fresh.facts.text() == "0.5 M parameters; sees 122 px around; 23 GFLOP per megapixel."
    panel.session.edits.replace_labels(np.where(cells()[None, None] > 500, 4, 0))
    panel.tools.use("approve image")
    press(panel.teach.job.verb.button)
    net = runners.jobs[-1].job.net
    assert net == FreshSettings(network="attention-unet", width=8, norm="group").net(2, (1, 0.5, 0.5), in_channels=2)


def test_what_tells_objects_apart_is_chosen_for_a_fresh_network(panel, opened, runners, cells):
    choose(panel.model.choice, "Fresh U-Net (2D)")
    press(panel.model.fresh.fold)
    field = panel.model.fresh.more.fields["representation"].native
    assert field.currentText() == "distance to the outline"
    choose(field, "pixels that belong together")
    assert panel.session.fresh_settings == FreshSettings(representation="affinities")
    panel.session.edits.replace_labels(np.where(cells()[None, None] > 500, 4, 0))
    panel.tools.use("approve image")
    press(panel.teach.job.verb.button)
    job = runners.jobs[-1].job
    assert (job.representation, job.net.out_channels) == ("affinities", 9)


def test_classes_have_nothing_to_tell_apart(panel, opened):
    choose(panel.model.choice, "Fresh U-Net (2D)")
    field = panel.model.fresh.more.fields["representation"].native
    assert field.isEnabled()
    panel.session.choose_kind("classes", (ClassName(value=1, name="gland"),))
    QTest.qWait(50)
    assert not field.isEnabled()


def test_only_networks_for_the_image_are_offered(panel, viewer, opened, cells):
    panel.session.choose_model("fresh")
    network = panel.model.fresh.form.fields["network"].native
    assert network.findText("3D U-Net") < 0
    assert network.findText("FCN-8s") >= 0
    layer = viewer.add_image(cells((9, 120, 160)), name="stack")
    panel.image.open(layer)
    QTest.qWait(50)
    choose(network, "3D U-Net")
    assert panel.model.choice.currentText() == "Fresh 3D U-Net"
    panel.image.open(viewer.layers["cells"])
    QTest.qWait(50)
    assert panel.model.words.text() == "The network unet3d is for volumes: choose another one."
    assert panel.model.fresh.facts.isHidden()


def test_the_fields_of_a_fresh_network_go_with_it(panel, opened):
    assert not panel.model.fresh.isVisible()
    assert panel.model.inside.isVisible()
    choose(panel.model.choice, "Fresh U-Net (2D)")
    assert not panel.model.inside.isVisible()
    choose(panel.model.choice, "nuclei-2d")
    assert not panel.model.fresh.isVisible()
    assert not panel.model.fresh.fold.isVisible()


def test_a_file_is_chosen_typed_and_cleared(qtbot, tmp_path):
    got: list[Path | None] = []
    field = FileField(None)
    qtbot.addWidget(field.native)
    field.changed.connect(got.append)
    qtbot.keyClicks(field.line, str(tmp_path / "vgg.pth"))
    qtbot.keyClick(field.line, Qt.Key.Key_Return)
    field.line.clear()
    assert got == [tmp_path / "vgg.pth", None]


# looking inside


def test_the_view_is_asked_for_and_its_map_lies_on_the_image(panel, opened, viewer, runners):
    viewer.reset_view()
    QTest.qWait(50)
    assert not panel.model.inside.level.isVisible()
    press(panel.model.inside.open)
    assert panel.model.inside.level.isVisible()
    choose(panel.model.inside.level, "Down, 1/4 size (encoder 2, 64 maps)")
    press(panel.model.inside.button)
    job = runners.jobs[-1].job
    assert job.level == "encoder 2"
    assert job.box == ((0, 1), (0, 1), (0, 120), (0, 160))
    assert panel.model.aside.text() == "Looking inside..."
    values = np.zeros((3, 1, 30, 40))
    values[0, 0, 3:7, 13:17] = 1  # the square at y 12 to 27, x 52 to 67 of the image
    answer(runners, values)
    layer = inside_layer(panel)
    assert panel.model.aside.text() == ""
    # A voxel is 4 pixels of 0.5 um wide; pixels 0 to 3 have their middle at 1.5, which is 0.75 um.
    assert tuple(layer.scale) == (1, 2.0, 2.0)
    assert tuple(layer.translate) == (0, 0.75, 0.75)
    assert viewer.dims.axis_labels[0] == "channel"
    assert viewer.dims.current_step[0] == 0
    square = np.argwhere(viewer.layers["cells"].data > 500)
    square = square[(abs(square - [20, 60]) < 12).all(axis=1)]
    middle = viewer.layers["cells"].data_to_world(square.mean(axis=0))
    response = layer.data_to_world(np.argwhere(np.asarray(layer.data)[0] > 0).mean(axis=0).tolist())
    assert middle == pytest.approx((9.75, 29.75))
    assert response[-2:] == pytest.approx(middle)
    assert viewer.layers.selection.active is opened
    assert panel.images.layers == [viewer.layers["cells"]]


def test_the_map_moves_with_its_image(panel, opened, viewer, runners):
    press(panel.model.inside.button)
    answer(runners, np.zeros((3, 1, 30, 40)))
    layer = inside_layer(panel)
    viewer.layers["cells"].scale = (1, 1)
    viewer.layers["cells"].translate = (10, 20)
    assert tuple(layer.scale) == (1, 4, 4)
    assert tuple(layer.translate) == (0, 11.5, 21.5)
    viewer.layers.remove(layer)
    press(panel.model.inside.button)
    answer(runners, np.zeros((3, 1, 30, 40)))
    assert tuple(inside_layer(panel).translate) == (0, 11.5, 21.5)


def test_looking_again_replaces_the_layer_and_keeps_its_looks(panel, opened, viewer, runners):
    press(panel.model.inside.button)
    answer(runners, np.random.default_rng(0).random((3, 1, 30, 40)))
    layer = inside_layer(panel)
    layer.colormap, layer.opacity = "magma", 0.3
    viewer.dims.set_current_step(0, 2)
    press(panel.model.inside.button)
    answer(runners, np.random.default_rng(1).random((3, 1, 15, 20)), (1, 8, 8), (0, 3.5, 3.5))
    assert inside_layer(panel) is layer
    assert (layer.colormap.name, layer.opacity) == ("magma", 0.3)
    assert layer.data.shape == (3, 15, 20)
    assert tuple(layer.scale) == (1, 4, 4)
    assert viewer.dims.current_step[0] == 2  # the same channel
    choose(panel.model.inside.level, "Coarsest, 1/16 size (bottleneck, 256 maps)")
    press(panel.model.inside.button)
    answer(runners, np.random.default_rng(1).random((4, 1, 8, 10)))
    assert inside_layer(panel).name == "bottleneck of nuclei-2d"
    assert viewer.dims.current_step[0] == 0


def test_a_late_answer_is_dropped(panel, opened, runners):
    press(panel.model.inside.button)
    press(panel.model.inside.button)
    runners.jobs[0].events.clear()  # it did not hear the cancel
    answer(runners, np.ones((2, 1, 30, 40)), number=0)
    assert not [layer for layer in panel.viewer.layers if " of nuclei-2d" in layer.name]
    answer(runners, np.ones((5, 1, 30, 40)))
    assert inside_layer(panel).data.shape == (5, 30, 40)


def test_the_layer_goes_with_its_image(panel, opened, viewer, runners, cells):
    press(panel.model.inside.button)
    answer(runners, np.ones((2, 1, 30, 40)))
    panel.image.open(viewer.add_image(cells(seed=1), name="more"))
    QTest.qWait(50)
    assert not [layer for layer in viewer.layers if " of nuclei-2d" in layer.name]
    assert viewer.dims.ndim == 2


def test_the_user_may_take_the_layer_away(panel, opened, viewer, runners):
    press(panel.model.inside.button)
    answer(runners, np.ones((2, 1, 30, 40)))
    viewer.layers.remove(inside_layer(panel))
    press(panel.model.inside.button)
    answer(runners, np.ones((2, 1, 30, 40)))
    inside_layer(panel)


def test_a_failure_is_said_below_the_button(panel, opened, runners):
    press(panel.model.inside.button)
    runners.jobs[-1].say(Failed(message="Out of memory."))
    QTest.qWait(120)
    assert panel.model.sentence == "Out of memory."
    assert panel.model.aside.text() == ""


def test_only_the_slice_in_view_is_asked_for(panel, viewer, runners, cells):
    viewer.add_image(cells((6, 120, 160)), name="stack", scale=(2, 0.5, 0.5))
    QTest.qWait(50)
    panel.session.choose_model("nuclei-2d")
    viewer.dims.set_point(0, 4)
    press(panel.model.inside.button)
    assert runners.jobs[-1].job.box[1] == (2, 3)
    answer(runners, np.ones((2, 1, 30, 40)), origin=(2.0, 1.5, 1.5))
    layer = inside_layer(panel)
    assert tuple(layer.scale) == (1, 2, 2, 2)
    assert tuple(layer.translate) == (0, 4, 0.75, 0.75)
    viewer.dims.ndisplay = 3
    press(panel.model.inside.button)
    assert "switch the view to 2D" in panel.model.sentence


# where a map lies


@pytest.fixture
def found() -> Callable[..., InsideMap]:
    def made(level: str, values: np.ndarray) -> InsideMap:
        return InsideMap(None, level, values, tuple(range(len(values))), 3, (1.0, 2.0, 2.0), (5.0, 0.5, 10.5))

    return made


def test_a_gate_has_no_axis_of_channels(found):
    values, place = laid_out(found("gate 0", np.ones((1, 1, 4, 5))), AxisMapping("YX", (40, 50)), {"scale": [1.0, 1.0]})
    assert values.shape == (4, 5)
    assert tuple(place["scale"]) == (2, 2)
    assert tuple(place["translate"]) == (0.5, 10.5)


def test_a_frame_of_a_series_lies_at_its_time(found):
    axis_mapping = AxisMapping("TZYX", (7, 9, 40, 50))
    placed = {"scale": [10.0, 2.0, 0.5, 0.5], "translate": [0.0, 1.0, 0.0, 0.0], "units": ["s", "um", "um", "um"]}
    values, place = laid_out(found("encoder 0", np.ones((6, 1, 4, 5))), axis_mapping, placed)
    assert values.shape == (6, 1, 1, 4, 5)
    assert tuple(place["scale"]) == (1, 10, 2, 1, 1)
    assert tuple(place["translate"]) == (0, 30, 11, 0.25, 5.25)
    assert place["units"] == ["pixel", "s", "um", "um", "um"]
    assert place["axis_labels"] == ["channel", "t", "z", "y", "x"]


def test_a_map_is_the_same_for_all_channels_of_the_image(found):
    values, place = laid_out(
        found("encoder 0", np.ones((6, 1, 4, 5))), AxisMapping("CYX", (3, 40, 50)), {"scale": [1.0, 1.0]}
    )
    assert values.shape == (6, 3, 4, 5)
    assert place["axis_labels"] == ["channel", "c", "y", "x"]


def test_a_map_turns_with_its_image(found):
    turned = np.array([[0.0, -1.0, 7.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    values, place = laid_out(
        found("encoder 0", np.ones((6, 1, 4, 5))), AxisMapping("YX", (40, 50)), {"scale": [0.5, 0.5], "affine": turned}
    )
    assert values.shape == (6, 4, 5)
    np.testing.assert_array_equal(place["affine"][1:, 1:], turned)
    assert tuple(place["translate"]) == (0, 0.25, 5.25)


def test_the_output_of_classes_is_one_layer_and_is_read_under_the_cursor(panel, opened, runners):
    press(panel.model.inside.open)
    choose(panel.model.inside.level, "Output: probabilities")
    press(panel.model.inside.button)
    values = np.zeros((3, 1, 120, 160))
    values[0], values[1, 0, 60:], values[2, 0, 60:] = 0.25, 0.125, 0.625
    values[0, 0, :60] = 1
    answer(runners, values, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), names=("background", "core", "rim"))
    layer = inside_layer(panel)
    assert (layer.name, layer.data.shape, tuple(layer.contrast_limits)) == (
        "probability of nuclei-2d",
        (3, 120, 160),
        (0.0, 1.0),
    )
    read = panel.model.inside.read
    panel.viewer.cursor.position = (0, 40.0, 10.0)  # pixels are .5 um wide
    panel.runtime.inside._on_move()
    assert (read.isVisible(), read.text()) == (True, "Here: rim 0.62, background 0.25, core 0.12")
    panel.viewer.cursor.position = (0, 10.0, 10.0)
    panel.runtime.inside._on_move()
    assert read.text() == "Here: background 1.00, core 0.00, rim 0.00"
    panel.viewer.cursor.position = (0, 500.0, 10.0)
    panel.runtime.inside._on_move()
    assert read.text() == "Here: nothing, this is outside"
    panel.viewer.layers.remove(layer)
    assert not read.isVisible()
