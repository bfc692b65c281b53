from __future__ import annotations

import dask.array
import numpy as np
import pytest
import torch
import zarr
from napari.layers import Image, Labels

from napari_apprentice.data.image.volume import Volume
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


def _from_xarray(pixels):
    xarray = pytest.importorskip("xarray")
    return xarray.DataArray(pixels, dims=("c", "y", "x"))


def _from_zarr(pixels):
    array = zarr.create_array(zarr.storage.MemoryStore(), shape=pixels.shape, dtype=pixels.dtype, chunks=(1, 16, 16))
    array[:] = pixels
    return array


OTHER_ARRAYS = {
    "numpy": np.asarray,
    "dask": lambda pixels: dask.array.from_array(pixels, chunks=16),
    "zarr": _from_zarr,
    "torch": torch.from_numpy,
    "xarray": _from_xarray,
    "xarray of dask": lambda pixels: _from_xarray(dask.array.from_array(pixels, chunks=16)),
}


@pytest.mark.parametrize("made", OTHER_ARRAYS)
def test_arrays_of_other_libraries_are_read_as_numpy_s(made, session):
    """Also those whose `transpose` takes other arguments than NumPy's."""
    pixels = (1000 * noise(3, 30, 40)).astype(np.int16)
    layer = Image(OTHER_ARRAYS[made](pixels), axis_labels=("c", "y", "x"))
    volume = layers.volume_of(layer, LayerReading("CYX", channels=(2, 0)))
    np.testing.assert_array_equal(volume.pixels, pixels[[2, 0]][None, :, None])
    turned = layers.volume_of(layer, LayerReading("ZYX"))
    np.testing.assert_array_equal(turned.pixels, pixels[None, None])
    session.add_image(turned)
    shown, reading = image_layer_of(session.current.volume)
    np.testing.assert_array_equal(layers.volume_of(shown, reading).pixels, pixels[None, None])


@pytest.mark.parametrize("made", [name for name in OTHER_ARRAYS if name != "zarr"])
def test_red_green_and_blue_of_other_libraries(made):
    pixels = (255 * noise(30, 40, 4)).astype(np.uint8)
    layer = Image(OTHER_ARRAYS[made](pixels), rgb=True)
    volume = layers.volume_of(layer, layers.guess(layer))
    np.testing.assert_array_equal(volume.pixels[0, :, 0], pixels[..., :3].transpose(2, 0, 1))


def test_a_volume_takes_an_array_of_xarray_or_torch():
    pixels = (1000 * noise(1, 2, 3, 30, 40)).astype(np.int16)
    xarray = pytest.importorskip("xarray")
    for array in (xarray.DataArray(pixels, dims=tuple("tczyx")), torch.from_numpy(pixels)):
        assert np.array_equal(Volume(array).pixels.transpose(1, 0, 2, 3, 4), pixels.transpose(1, 0, 2, 3, 4))


def test_the_axes_that_xarray_names_are_believed():
    named = _from_xarray(noise(8, 30, 40))
    assert layers.guess(Image(named)) == LayerReading("CYX")
    assert not layers.guess(Image(named)).guessed
    assert layers.guess(Image(named, axis_labels=("t", "y", "x"))).axes == "TYX"


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
