"""The one life cycle of all layers that the panel puts on an image."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_apprentice.gui.images import OpenImages
from napari_apprentice.gui.layers import is_marked
from napari_apprentice.gui.own_layer import OwnLayer
from napari_apprentice.gui.placement import placement
from napari_apprentice.session import Session

MAKE = partial(Labels, np.zeros((30, 40), np.uint32))


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def images(viewer, runners):
    """One image is open: 30 x 40 pixels of 0.5 um."""
    session = Session.temporary(runners=runners)
    viewer.add_image(np.random.default_rng(0).random((30, 40)), name="cells", scale=(0.5, 0.5), units=("um", "um"))
    images = OpenImages(viewer, session)
    images.open(images.layers[0])
    yield images
    images.close()
    session.close()


@pytest.fixture
def deleted():
    return []


@pytest.fixture
def own(viewer, images, deleted):
    def place():
        return placement(images.current.layer, images.current.axis_mapping)

    return OwnLayer(viewer, images, place, deleted.append)


def test_a_layer_comes_on_top_where_the_image_lies_and_leaves_the_selection(viewer, images, own):
    image = images.current.layer
    viewer.layers.selection.active = image
    layer = own.show(MAKE, name="proposal")
    assert list(viewer.layers) == [image, layer]
    assert viewer.layers.selection.active is image
    assert tuple(layer.scale) == (0.5, 0.5)
    assert layer.units == image.units
    assert is_marked(layer)
    assert images.layers == [image]


def test_it_can_come_under_another_layer(viewer, images, own):
    top = viewer.add_labels(np.zeros((30, 40), int))
    layer = own.show(MAKE, below=top)
    assert list(viewer.layers) == [images.current.layer, layer, top]


def test_it_moves_with_its_image_under_whatever_name(viewer, images, own):
    layer = own.show(MAKE)
    layer.name = "mine now"
    images.current.layer.translate = (3, 4)
    images.current.layer.scale = (2, 2)
    assert tuple(layer.scale) == (2, 2)
    assert tuple(layer.translate) == (3, 4)
    own.drop()
    assert list(viewer.layers) == [images.current.layer]


def test_another_image_does_not_move_it(viewer, images, own):
    first = images.current.layer
    layer = own.show(MAKE)
    images.open(viewer.add_image(np.random.default_rng(1).random((30, 40)), name="more"))
    first.scale = (2, 2)
    images.current.layer.scale = (3, 3)
    assert tuple(layer.scale) == (0.5, 0.5)


def test_what_the_user_deletes_is_told_once_and_made_again_when_it_is_needed(viewer, images, own, deleted):
    layer = own.show(MAKE)
    viewer.layers.remove(layer)
    assert deleted == [layer]
    assert own.layer is None
    again = own.show(MAKE)
    assert list(viewer.layers) == [images.current.layer, again]
    own.show(MAKE)  # in its place
    own.drop()
    assert list(viewer.layers) == [images.current.layer]
    assert deleted == [layer]


def test_labels_of_the_panel_cannot_be_edited_also_with_another_array(own):
    layer = own.show(MAKE)
    assert not layer.editable
    layer.data = np.ones((30, 40), np.uint32)
    assert not layer.editable


def test_a_layer_that_is_not_marked_is_chosen_and_can_be_edited(viewer, own):
    layer = own.show(MAKE, metadata={})
    assert viewer.layers.selection.active is layer
    assert layer.editable


def test_closing_takes_the_layer_away_and_what_was_released_stays(viewer, images, own, deleted):
    image = images.current.layer
    released = own.show(partial(Image, np.zeros((30, 40))))
    assert own.release() is released
    own.show(MAKE)
    own.close()
    assert list(viewer.layers) == [image, released]
    viewer.layers.remove(released)
    image.scale = (2, 2)
    assert tuple(released.scale) == (0.5, 0.5)
    assert deleted == []
