from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_apprentice.errors import UserError
from napari_apprentice.gui import layers
from napari_apprentice.gui.axis_mapping import AxisMapping
from napari_apprentice.gui.layers import LayerReading
from napari_apprentice.gui.placement import placement
from napari_apprentice.gui.showing import image_layer_of


def noise(*shape):
    return np.random.default_rng(0).random(shape)


@pytest.mark.parametrize(
    ("shape", "options", "axes", "volume_shape"),
    [
        ((30, 40), {}, "YX", (1, 1, 1, 30, 40)),
        ((30, 40, 3), {"rgb": True}, "YXS", (1, 3, 1, 30, 40)),
        ((30, 40, 4), {"rgb": True}, "YXS", (1, 3, 1, 30, 40)),
        ((2, 30, 40), {}, "CYX", (1, 2, 1, 30, 40)),
        ((12, 30, 40), {}, "ZYX", (1, 1, 12, 30, 40)),
        ((7, 30, 40), {"axis_labels": ("t", "y", "x")}, "TYX", (7, 1, 1, 30, 40)),
    ],
)
def test_layer_is_read_as_it_most_likely_is(shape, options, axes, volume_shape):
    layer = Image(noise(*shape), **options)
    reading = layers.guess(layer)
    assert reading.axes == axes
    assert layers.volume_of(layer, reading).pixels.shape == volume_shape


def test_pyramid_is_read_at_its_finest_level():
    layer = Image([noise(64, 64), noise(32, 32)], multiscale=True)
    assert layers.volume_of(layer, layers.guess(layer)).pixels.shape == (1, 1, 1, 64, 64)


def test_spacing_and_unit_come_from_the_layer_and_are_written_there():
    layer = Image(noise(9, 2, 30, 40), scale=(2000, 1, 0.5, 0.5), units=("nm", "pixel", "um", "um"))
    reading = LayerReading("ZCYX")
    assert layers.spacing_of(layer, reading) == ((2.0, 0.5, 0.5), "um")
    layers.set_spacing(layer, reading, (3.0, 0.25, 0.25), "um")
    assert tuple(layer.scale) == (3.0, 1.0, 0.25, 0.25)
    assert layers.volume_of(layer, reading).spacing == (3.0, 0.25, 0.25)


def test_masks_lie_where_the_image_lies_also_when_it_is_turned():
    image = Image(noise(2, 30, 40), scale=(1, 2, 2), translate=(0, 5, 7), rotate=[[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    axis_mapping = AxisMapping("CYX", (2, 30, 40))
    masks = Labels(np.zeros((30, 40), int), **placement(image, axis_mapping))
    assert np.allclose(masks.data_to_world((3, 4)), image.data_to_world((0, 3, 4))[1:])
    assert tuple(masks.scale) == (2, 2)


def test_volume_shown_again_has_its_pixels_spacing_and_unit():
    layer = Image(noise(9, 2, 30, 40), scale=(2, 1, 0.5, 0.5), units=("um", "pixel", "um", "um"))
    volume = layers.volume_of(layer, LayerReading("ZCYX"))
    again, reading = image_layer_of(volume)
    assert reading.axes == "CZYX"
    back = layers.volume_of(again, reading)
    assert back.spacing == volume.spacing
    assert back.unit == "um"
    assert np.array_equal(back.pixels, volume.pixels)


def test_labels_of_another_shape_are_refused_in_one_sentence():
    wanted = AxisMapping("ZYX", (9, 30, 40))
    right = layers.labels_of(Labels(np.ones((9, 30, 40), int)), wanted, (1, 9, 30, 40))
    assert right.shape == (1, 9, 30, 40)
    with pytest.raises(UserError, match=r"has shape .* and the image needs labels of shape"):
        layers.labels_of(Labels(np.ones((30, 40), int)), wanted, (1, 9, 30, 40))
