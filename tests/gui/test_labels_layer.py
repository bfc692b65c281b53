from __future__ import annotations

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Labels, Layer
from napari.layers.labels._labels_key_bindings import new_label

from napari_apprentice.data.files import read_image
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError
from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.labels_layer import ApprenticeLabels
from napari_apprentice.session import SessionOptions


@pytest.fixture
def entry(session):
    pixels = np.random.default_rng(0).integers(0, 99, (1, 1, 4, 30, 40)).astype(np.uint16)
    return session.add_image(Volume(pixels, name="cells"))


@pytest.fixture
def layer(session, entry):
    made = ApprenticeLabels.showing(session, entry, AxisMapping("ZYX", (4, 30, 40)), name="masks")
    made.brush_size = 5
    return made


def state(entry):
    return entry.labels.copy(), entry.confirmed.copy()


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


EDITS = {
    "brush": lambda layer: layer.paint((1, 10, 10), 3),
    "eraser": lambda layer: layer.paint((1, 20, 20), 0),
    "fill": lambda layer: layer.fill((1, 20, 20), 9),
    "fill with its own id": lambda layer: layer.fill((1, 20, 20), 5),
    "polygon": lambda layer: layer.paint_polygon([(1, 2, 2), (1, 2, 12), (1, 12, 12)], 4),
    "another plugin's edit": lambda layer: layer.data_setitem(
        (np.array([1, 2]), np.array([3, 3]), np.array([4, 4])), 6
    ),
    "other data": lambda layer: setattr(layer, "data", np.where(layer.data == 5, 8, 0)),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_edit_confirms_and_can_be_undone_and_redone_exactly(layer, entry, session, edit):
    session.edits.replace_labels(np.where(np.indices(entry.labels.shape)[2:].min(axis=0) > 15, 5, 0).astype(np.uint32))
    before = state(entry)
    with layer.block_history():
        edit(layer)
    after = state(entry)
    assert not same(before, after)
    assert np.shares_memory(layer.data, entry.labels)
    layer.undo()
    assert same(state(entry), before)
    layer.redo()
    assert same(state(entry), after)
    assert not layer._undo_history


def test_the_brush_is_a_ball_as_far_in_each_direction_by_the_pixel_size(layer, entry, session):
    layer.scale = (2, 0.5, 0.5)
    layer.n_edit_dimensions = 3
    layer.brush_size = 10  # 5 pixels, 2.5 um around its middle: one slice above and below
    with layer.block_history():
        layer.paint((2, 15, 15), 3)
    z, y, x = np.nonzero(entry.labels[0] == 3)
    assert (z.min(), z.max()) == (1, 3)
    assert (y.min(), y.max(), x.min(), x.max()) == (10, 20, 10, 20)
    assert (entry.confirmed == 2).sum() == len(z)
    layer.undo()
    assert not entry.labels.any()
    assert not entry.confirmed.any()


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 0, 1, 2), (1, 0, 2, 3)])
def test_a_ball_stays_in_its_frame_in_a_turned_view_too(session, order):
    pixels = np.random.default_rng(0).integers(0, 99, (7, 1, 9, 30, 40)).astype(np.uint16)
    series = session.add_image(Volume(pixels, name="series"))
    layer = ApprenticeLabels.showing(session, series, AxisMapping("TZYX", (7, 9, 30, 40)), name="masks")
    viewer = ViewerModel()
    viewer.add_layer(layer)
    viewer.dims.order = order
    layer.n_edit_dimensions, layer.brush_size = 3, 5
    layer.paint((3, 4, 15, 20), 3)
    assert np.unique(np.nonzero(series.labels == 3)[0]).tolist() == [3]


def test_repainting_the_same_id_confirms_it(layer, entry, session):
    session.edits.replace_labels(np.full(entry.labels.shape, 3, np.uint32))
    layer.paint((1, 10, 10), 3)
    assert (entry.confirmed == 2).sum() == 21


def test_eraser_says_nothing_where_nothing_was_and_the_background_brush_does(layer, entry):
    layer.paint((1, 10, 10), 0)
    assert not entry.confirmed.any()
    layer.background_brush = True
    assert str(layer.mode) == "erase"
    layer.paint((1, 10, 10), 0)
    assert (entry.confirmed == 1).sum() == 21
    layer.mode = "paint"
    assert not layer.background_brush


def test_objects_merged_by_filling_stay_merged_when_the_next_proposal_parts_them(layer, entry, session):
    parted = np.zeros(entry.labels.shape, np.uint32)
    parted[:, :, 5:15, 5:15], parted[:, :, 5:15, 15:20] = 1, 2
    session.edits.replace_labels(parted)
    layer.fill((1, 10, 17), 1)
    assert (entry.confirmed[0, 1, 5:15, 5:20] == 2).all()
    merged = entry.labels.copy()
    session.edits.replace_labels(np.roll(parted, 4, axis=3))
    np.testing.assert_array_equal(entry.labels == 1, merged == 1)
    layer.undo()
    layer.undo()
    np.testing.assert_array_equal(entry.labels, parted)
    assert not entry.confirmed.any()


def test_both_halves_of_an_object_that_is_split_by_a_drag_stay(layer, entry, session):
    one = np.zeros(entry.labels.shape, np.uint32)
    one[:, :, 5:15, 5:25] = 1
    session.edits.replace_labels(one)
    with layer.block_history():
        for row in range(5, 15):
            layer.paint((1, row, 20), 2)
    split = entry.labels.copy()
    assert (split[0, 1] == 2).any()
    session.edits.replace_labels(one)
    np.testing.assert_array_equal(entry.labels, split)
    layer.undo()  # of the drag: the proposal changed nothing
    np.testing.assert_array_equal(entry.labels, one)


def test_drag_is_one_step(layer, entry):
    with layer.block_history():
        layer.paint((0, 5, 5), 1)
        layer.paint((0, 5, 20), 1)
    layer.undo()
    assert not entry.labels.any()


def test_encircling_that_is_broken_off_leaves_nothing(layer, entry):
    layer._begin_stroke()
    layer.paint((0, 5, 5), 1)
    layer._abort_stroke()
    assert not entry.labels.any()
    assert not entry.confirmed.any()


def test_labels_that_are_preserved_are_not_confirmed(layer, entry, session):
    session.edits.replace_labels(np.full(entry.labels.shape, 3, np.uint32))
    layer.preserve_labels = True
    layer.paint((1, 10, 10), 4)
    assert not entry.confirmed.any()


def test_saving_and_duplicating_see_an_ordinary_labels_layer(layer):
    data, options, kind = layer.as_layer_data_tuple()
    assert kind == "labels"
    assert type(Layer.create(data.copy(), options, kind)) is Labels


def test_data_of_another_shape_is_refused(layer):
    with pytest.raises(UserError, match="cannot take labels of shape"):
        layer.data = np.zeros((3, 3), int)


def test_unbound_layer_is_an_ordinary_one_that_cannot_be_edited(layer, entry):
    layer.unbind()
    assert not layer.editable
    layer.undo()
    assert not entry.labels.any()


def test_stroke_that_is_aborted_takes_back_only_itself(layer, entry):
    layer.paint((1, 5, 5), 2)
    before = state(entry)
    layer._begin_stroke()
    layer._abort_stroke()
    assert same(state(entry), before)
    layer._begin_stroke()
    layer.paint((1, 20, 20), 3)
    layer._abort_stroke()
    assert same(state(entry), before)


def test_nothing_is_painted_in_a_frame_of_a_large_image_that_is_not_open(session, tmp_path):
    path = tmp_path / "movie.tif"
    pixels = np.random.default_rng(0).integers(0, 250, (3, 600, 700)).astype(np.uint8)
    tifffile.imwrite(path, pixels, imagej=True, metadata={"axes": "TYX"})
    session.options = SessionOptions(largest_whole=1_000_000)
    entry = session.add_image(read_image(path))
    session.open_region((1, 0, 300, 300))
    layer = ApprenticeLabels.showing(session, entry, AxisMapping("TYX", (3, 600, 700)), translate=(1, 0, 0))
    for frame in (0, 2):
        at = layer.world_to_data((frame, 300, 300))
        layer.paint(at, 4)
        layer.fill(at, 4)
        layer.paint_polygon([layer.world_to_data((frame, *yx)) for yx in ((0, 0), (0, 50), (50, 50))], 4)
    assert not entry.is_labelled
    layer.paint(layer.world_to_data((1, 300, 300)), 4)
    assert entry.labels[0, 0, 300, 300] == 4


def test_a_new_label_is_new_in_all_of_a_large_image(session, tmp_path):
    path = tmp_path / "slide.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 250, (100, 5000)).astype(np.uint8))
    session.options = SessionOptions(largest_whole=100_000)
    entry = session.add_image(read_image(path))
    session.open_region((0, 0, 50, 0))
    session.paint([0, 1, 2], entry.next_id())
    session.open_region((0, 0, 50, 5000))
    layer = ApprenticeLabels.showing(session, entry, AxisMapping("YX", (100, 5000)))
    layer.selected_label = 7
    new_label(layer)
    assert layer.selected_label == 2


def drawn(layer, *path):
    """A drag of the brush through places (z, y, x), as napari makes it of the mouse."""
    layer.mode = "paint"
    with layer.block_history():
        value = layer.selected_label
        for last, at in zip((path[0], *path), path, strict=False):
            layer._draw(value, last, at)


def test_stroke_from_empty_ground_is_a_new_object_and_one_from_within_extends(layer, entry, session):
    drawn(layer, (1, 5, 5))
    drawn(layer, (1, 5, 20))
    assert (entry.labels[0, 1, 5, 5], entry.labels[0, 1, 5, 20], layer.selected_label) == (1, 2, 2)
    before = state(entry)
    drawn(layer, (1, 5, 6), (1, 5, 19))  # from the first through the second
    assert (entry.labels[0, 1, 5, 4:21] == 1).all()
    assert layer.selected_label == 1
    layer.undo()
    assert same(state(entry), before)
    drawn(layer, (2, 5, 6))
    assert entry.labels[0, 2, 5, 6] == 1, "it goes on in the next slice"
    drawn(layer, (3, 20, 30))
    assert entry.labels[0, 3, 20, 30] == layer.selected_label == 3
    session.edits.new_on_empty_ground = False
    drawn(layer, (0, 25, 5))
    assert entry.labels[0, 0, 25, 5] == 3


def test_id_chosen_by_hand_is_what_the_next_stroke_paints(layer, entry):
    drawn(layer, (1, 5, 5))
    drawn(layer, (1, 5, 20))
    layer.selected_label = 1  # picked
    drawn(layer, (1, 15, 30))
    assert entry.labels[0, 1, 15, 30] == 1
    layer.selected_label = entry.next_id()
    drawn(layer, (1, 5, 5))
    assert entry.labels[0, 1, 5, 5] == 3, "a new object cut out of the first"
    drawn(layer, (1, 25, 5))
    assert entry.labels[0, 1, 25, 5] == 4
    layer.selected_label = 0
    drawn(layer, (1, 25, 5))
    assert entry.labels[0, 1, 25, 5] == 0, "the background is no object"


def test_strokes_of_classes_have_the_class_that_is_selected(layer, entry, session):
    session.choose_kind("classes")
    layer.paint((1, 5, 5), 2)
    drawn(layer, (1, 5, 5))
    drawn(layer, (1, 20, 20))
    assert entry.labels[0, 1, 5, 5] == entry.labels[0, 1, 20, 20] == 1


def test_first_corner_of_a_polygon_says_which_object_it_is(layer, entry):
    drawn(layer, (1, 5, 5))
    overlay = layer._overlays["polygon"]
    layer.mode = "polygon"

    def encircle(*corners):
        for count in range(1, len(corners) + 1):
            overlay.points = [[1, y + 0.5, x + 0.5] for y, x in corners[:count]]
        selected = layer.selected_label
        overlay.add_polygon_to_labels(layer)
        return selected

    assert encircle((15, 5), (15, 12), (22, 12)) == 2 == entry.labels[0, 1, 16, 11]
    assert encircle((5, 5), (5, 12), (12, 12)) == 1 == entry.labels[0, 1, 6, 11]
    assert encircle((15, 25), (15, 32), (22, 32)) == 3 == entry.labels[0, 1, 16, 31]
    layer.undo()
    assert not (entry.labels == 3).any()
