"""RGB for a model of one channel."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.channels import fitting, one_channel
from napari_apprentice.data.volume import Volume
from napari_apprentice.errors import UserError


def test_rgb_becomes_luminance_for_a_model_of_one_channel() -> None:
    pixels = np.zeros((1, 3, 1, 2, 2), np.uint8)
    pixels[0, 1] = 100  # green
    one = fitting(Volume(pixels, metadata={"rgb": True}), 1)
    assert one.pixels.shape == (1, 1, 1, 2, 2)
    np.testing.assert_allclose(one.pixels, 58.7, rtol=1e-5)


def test_fluorescence_channels_are_nobodys_to_mix() -> None:
    volume = Volume(np.zeros((1, 3, 1, 2, 2), np.uint8))
    assert fitting(volume, 1) is volume


def test_a_model_of_three_channels_gets_all_three() -> None:
    volume = Volume(np.zeros((1, 3, 1, 2, 2), np.uint8), metadata={"rgb": True})
    assert fitting(volume, 3) is volume


def test_one_channel_keeps_its_name() -> None:
    volume = Volume(np.arange(2).reshape(1, 2, 1, 1, 1) * np.ones((1, 2, 1, 4, 4)), channels=("actin", "dna"))
    one = one_channel(volume, 1)
    assert one.channels == ("dna",)
    assert (one.pixels == 1).all()


def test_a_channel_that_is_not_there_is_said() -> None:
    with pytest.raises(UserError, match="channels 0 to 1 but 2 was asked for"):
        one_channel(Volume(np.zeros((1, 2, 1, 4, 4))), 2)
