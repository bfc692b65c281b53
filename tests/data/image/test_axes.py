"""Which axis is what, said in words and corrected by the user."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_apprentice.data.image.axes import check_pixels, describe, guess_axes, to_volume, why_not_axes
from napari_apprentice.data.image.lazy import LazyArray
from napari_apprentice.data.image.units import micrometers, plain_unit
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError


@pytest.mark.parametrize(
    ("shape", "options", "axes"),
    [
        ((64, 80), {}, "YX"),
        ((3, 64, 80), {}, "CYX"),
        ((30, 64, 80), {}, "ZYX"),
        ((30, 64, 80), {"three_d": False}, "TYX"),
        ((3, 64, 80), {"three_d": True}, "ZYX"),
        ((64, 80, 3), {}, "YXS"),
        ((64, 80, 3), {"names": "ZYX"}, "ZYX"),
        ((9, 10, 3), {"rgb": True}, "YXS"),
        ((12, 64, 80, 3), {"rgb": True}, "ZYXS"),
        ((2, 30, 64, 80), {}, "CZYX"),
        ((30, 2, 64, 80), {}, "ZCYX"),
        ((30, 2, 64, 80), {"three_d": False}, "TCYX"),
        ((12, 30, 64, 80), {}, "TZYX"),
        ((4, 2, 30, 64, 80), {}, "TCZYX"),
        ((4, 30, 2, 64, 80), {}, "TZCYX"),
        ((2, 64, 80), {"names": "QYX"}, "CYX"),
        ((5, 64, 80), {"names": ("time", "y", "x")}, "TYX"),
        ((5, 64, 80), {"names": ("axis -3", "axis -2", "axis -1")}, "CYX"),
    ],
)
def test_the_likely_order(shape: tuple[int, ...], options: dict, axes: str) -> None:
    assert guess_axes(shape, **options) == axes


@given(st.lists(st.integers(1, 40), min_size=2, max_size=5), st.sampled_from([None, True, False]))
def test_a_guess_can_always_be_used(shape: list[int], three_d: bool | None) -> None:
    axes = guess_axes(shape, three_d=three_d)
    assert why_not_axes(axes, shape) == ""
    assert to_volume(np.zeros(shape), axes).pixels.ndim == 5


@pytest.mark.parametrize("shape", [(), (5,), (2,) * 6])
def test_what_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"shape|axes"):
        guess_axes(shape)


@pytest.mark.parametrize(
    ("axes", "words"), [("ZY", "no X"), ("YYX", "twice"), ("YX", "names 2 axes"), ("QYX", "Q is not"), ("SYX", "RGB")]
)
def test_a_wrong_order_is_said_in_one_sentence(axes: str, words: str) -> None:
    assert words in why_not_axes(axes, (5, 6, 7) if axes != "ZY" else (6, 7))
    with pytest.raises(UserError):
        to_volume(np.zeros((5, 6, 7) if axes != "ZY" else (6, 7)), axes)


def test_any_order_becomes_tczyx_without_a_copy() -> None:
    array = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    volume = to_volume(array, "XZCY", (2.0, 0.5, 0.5), "micron")
    assert volume.pixels.shape == (1, 4, 3, 5, 2)
    assert volume.unit == "um"
    assert volume.pixels[0, 1, 2, 3, 1] == array[1, 2, 1, 3]
    assert np.shares_memory(volume.pixels, array)


def test_channels_can_be_chosen() -> None:
    array = np.arange(3 * 4 * 5).reshape(3, 4, 5)
    assert to_volume(array, "CYX", channel=2).pixels[0, 0, 0, 0, 0] == 40
    chosen = to_volume(array, "CYX", channel=(2, 0), channels=("r", "g", "b"))
    assert chosen.pixels.shape == (1, 2, 1, 4, 5)
    assert chosen.channels == ("b", "r")
    with pytest.raises(UserError, match="channels 0 to 2"):
        to_volume(array, "CYX", channel=3)


def test_rgb_becomes_channels_and_alpha_goes() -> None:
    array = np.random.default_rng(0).integers(0, 255, (6, 7, 4), np.uint8)
    volume = to_volume(array, "YXS")
    np.testing.assert_array_equal(volume.pixels[0, :, 0], array[..., :3].transpose(2, 0, 1))
    both = to_volume(np.stack([array, array[::-1]]), "CYXS")
    np.testing.assert_array_equal(both.pixels[0, 3:, 0], array[::-1, :, :3].transpose(2, 0, 1))
    assert describe(volume) == "2D, RGB, 6 x 7 pixels, no pixel size"


def test_lazy_arrays_stay_lazy() -> None:
    class Stored:
        """Like a zarr array: shape, dtype and slicing, nothing else; counts what is read."""

        shape, dtype, ndim, reads = (3, 40, 50), np.dtype(np.uint8), 3, 0

        def __getitem__(self, index: tuple[slice, ...]) -> np.ndarray:
            Stored.reads += 1
            return np.ones(self.shape, np.uint8)[index]

    volume = to_volume(Stored(), "ZYX")
    assert isinstance(volume.pixels, LazyArray)
    assert volume.pixels.shape == (1, 1, 3, 40, 50)
    assert Stored.reads == 0
    assert np.asarray(volume.pixels[0, 0, 1]).sum() == 2000


def test_in_words() -> None:
    flat = Volume(np.zeros((1, 3, 1, 8, 9)), (1.0, 0.65, 0.65), "um")
    assert describe(flat) == "2D, 3 channels, 8 x 9 pixels, 0.65 x 0.65 um"
    deep = Volume(np.zeros((4, 1, 5, 8, 9)), (2.0, 0.65, 0.65), "um")
    assert describe(deep) == "3D, 4 frames, 1 channel, 5 slices of 8 x 9 pixels, 2 x 0.65 x 0.65 um"


def _image(values: list[float], dtype: type = np.float32) -> Volume:
    return Volume(np.array(values, dtype).reshape(1, 1, 1, 1, -1), name="cells")


def test_pixels_that_show_nothing_are_refused() -> None:
    with pytest.raises(UserError, match="Every pixel of cells is 7"):
        check_pixels(_image([7, 7, 7]))
    with pytest.raises(UserError, match="no finite pixel"):
        check_pixels(_image([np.nan, np.inf]))
    with pytest.raises(UserError, match="not real numbers"):
        check_pixels(_image([1, 2], complex))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="is empty"):
        _image([])


def test_pixels_that_are_not_finite_are_told() -> None:
    assert check_pixels(_image([1, 2])) == []
    (note,) = check_pixels(_image([1, 2, np.nan, -np.inf]))
    assert note == "50% of the pixels of cells are NaN or infinite and count as its darkest value."


def test_units_have_one_spelling() -> None:
    assert [plain_unit(u) for u in ("µm", "micron", "UM", "nm", "", "furlong", None)] == [
        *("um", "um", "um", "nm"),
        *("pixel", "pixel", "pixel"),
    ]
    assert micrometers("mm") == 1000
    assert micrometers("pixel") is None
