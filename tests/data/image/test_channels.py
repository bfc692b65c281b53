"""Which channels a network looks at, and RGB for a model of one channel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dask.array import from_array

from napari_apprentice.data.image.channels import CHOSEN, chosen_channels, fit_to_model, one_channel
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.errors import UserError


def test_rgb_becomes_luminance_for_a_model_of_one_channel() -> None:
    pixels = np.zeros((1, 3, 1, 2, 2), np.uint8)
    pixels[0, 1] = 100  # green
    one = fit_to_model(Volume(pixels, metadata={"rgb": True}), 1)
    assert one.pixels.shape == (1, 1, 1, 2, 2)
    np.testing.assert_allclose(one.pixels, 58.7, rtol=1e-5)


def test_fluorescence_channels_are_nobodys_to_mix() -> None:
    volume = Volume(np.zeros((1, 3, 1, 2, 2), np.uint8))
    assert fit_to_model(volume, 1) is volume


def test_a_model_of_three_channels_gets_all_three() -> None:
    volume = Volume(np.zeros((1, 3, 1, 2, 2), np.uint8), metadata={"rgb": True})
    assert fit_to_model(volume, 3) is volume


def test_one_channel_keeps_its_name() -> None:
    volume = Volume(np.arange(2).reshape(1, 2, 1, 1, 1) * np.ones((1, 2, 1, 4, 4)), channels=("actin", "dna"))
    one = one_channel(volume, 1)
    assert one.channels == ("dna",)
    assert (one.pixels == 1).all()


def test_a_channel_that_is_not_there_is_said() -> None:
    with pytest.raises(UserError, match="channels 0 to 1 but 2 was asked for"):
        one_channel(Volume(np.zeros((1, 2, 1, 4, 4))), 2)


def four() -> Volume:
    """Channel i is i everywhere."""
    pixels = np.arange(4, dtype=np.uint8).reshape(1, 4, 1, 1, 1) * np.ones((1, 1, 1, 4, 5), np.uint8)
    return Volume(pixels, channels=("dapi", "actin", "er", "rna"), name="plate")


@pytest.mark.parametrize(
    ("wanted", "places"),
    [((2, 0), [2, 0]), (("rna", "DAPI"), [3, 0]), ((1, "er", "0"), [1, 2, 0]), ((3, 3), [3, 3])],
)
def test_channels_are_mapped_by_name_or_number_in_the_order_given(wanted: tuple, places: list[int]) -> None:
    found = chosen_channels(four(), wanted)
    assert found.pixels[0, :, 0, 0, 0].tolist() == places
    assert found.channels == tuple(four().channels[i] for i in places)
    assert found.metadata[CHOSEN] == places


def test_channels_chosen_twice_are_still_told_as_places_in_the_file() -> None:
    assert chosen_channels(chosen_channels(four(), (3, 1, 0)), ("dapi", "rna")).metadata[CHOSEN] == [0, 3]


def test_all_channels_in_their_order_are_the_image_itself() -> None:
    volume = four()
    assert chosen_channels(volume, (0, 1, 2, 3)) is volume
    assert chosen_channels(volume, ()) is volume


def test_a_name_that_is_not_there_is_answered_with_those_there_are() -> None:
    with pytest.raises(UserError, match=r"channels 0 to 3 \(dapi, actin, er, rna\) but golgi was asked for"):
        chosen_channels(four(), ("golgi",))


@pytest.mark.parametrize("wanted", [(2, 0), (3, 0, 1)])
def test_nothing_is_read_of_a_lazy_image(wanted: tuple, tmp_path: Path) -> None:
    def refuse(block: np.ndarray) -> np.ndarray:
        raise AssertionError("a block was read")

    lazy = from_array(four().pixels, chunks=(1, 1, 1, 4, 5)).map_blocks(refuse, dtype=np.uint8, meta=np.empty((0,) * 5))
    assert chosen_channels(Volume(lazy), wanted).pixels.shape == (1, len(wanted), 1, 4, 5)
    np.save(tmp_path / "a.npy", four().pixels)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    found = chosen_channels(Volume(mapped), wanted).pixels
    assert not isinstance(found, np.ndarray) or np.shares_memory(found, mapped)
    assert np.asarray(found)[0, :, 0, 0, 0].tolist() == list(wanted)
