"""Changes of an image: what they do to pixels worked out by hand, and to labels."""

from __future__ import annotations

import numpy as np
import pytest

from apprentice_lab.bench.changes import CHANGES, ImageChange, nearest, with_bits, with_hot_pixels
from napari_apprentice.data.image.volume import Volume

_BY_NAME = {change.name: change for change in CHANGES}


def _volume(dtype: str = "uint8") -> Volume:
    pixels = np.zeros((1, 1, 1, 40, 60), dtype)
    pixels[..., 10:30, 10:30] = 100
    pixels[..., 10:30, 35:50] = 200
    return Volume(pixels)


_TRUTH = np.zeros((1, 1, 40, 60), np.uint32)
_TRUTH[..., 10:30, 10:30], _TRUTH[..., 10:30, 35:50] = 1, 7


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_every_level_gives_an_image_with_labels_of_its_size(change: ImageChange) -> None:
    for dtype in ("uint8", "uint16", "float32"):
        for level in change.levels:
            volume, truth = change.apply_to(_volume(dtype), _TRUTH, level, seed=1)
            assert volume.labels_shape == truth.shape
            assert np.isfinite(volume.pixels).all()
            assert volume.pixels.min() < volume.pixels.max()
            assert set(np.unique(truth)) == {0, 1, 7}
            again, _ = change.apply_to(_volume(dtype), _TRUTH, level, seed=1)
            assert np.array_equal(volume.pixels, again.pixels)


def test_bits_fill_the_range() -> None:
    pixels = np.array([10, 60, 110], np.uint8)
    assert with_bits(pixels, 12).tolist() == [0, 2048, 4095]
    assert with_bits(pixels, 16).dtype == np.uint16
    assert with_bits(np.array([0, 30_000, 60_000], np.uint16), 8).tolist() == [0, 128, 255]


def test_hot_pixels_are_as_many_and_as_bright_as_asked() -> None:
    hot = with_hot_pixels(np.tile(np.arange(250, dtype=np.uint8), 400), 1e-3, np.random.default_rng(0))
    assert (hot > 4095).sum() == pytest.approx(100, abs=40)
    assert 30_000 < hot.max() <= 36_000


def test_inverted_twice_is_the_image() -> None:
    change, volume = _BY_NAME["contrast"], _volume()
    once, _ = change.apply_to(volume, _TRUTH, 1, 0)
    twice, _ = change.apply_to(once, _TRUTH, 1, 0)
    assert np.array_equal(twice.pixels, volume.pixels)
    assert once.pixels[0, 0, 0, 0, 0] == 200


def test_brightness_saturates_and_loses_levels() -> None:
    change = _BY_NAME["brightness"]
    bright, _ = change.apply_to(_volume(), _TRUTH, 4, 0)
    assert np.unique(bright.pixels).tolist() == [0, 255]
    dark, _ = change.apply_to(_volume(), _TRUTH, 0.1, 0)
    assert np.unique(dark.pixels).tolist() == [0, 10, 20]


def test_half_the_size_is_the_same_scene() -> None:
    volume, truth = _BY_NAME["scale"].apply_to(_volume(), _TRUTH, 0.5, 0)
    assert truth.shape == (1, 1, 20, 30)
    assert (truth == 1).sum() == 100
    assert volume.pixels[truth[:, None] == 7].mean() > 180


def test_nearest_keeps_every_pixel_at_twice_the_size() -> None:
    labels = np.arange(6, dtype=np.uint32).reshape(1, 1, 2, 3)
    assert np.array_equal(nearest(labels, (4, 6)), np.kron(labels[0, 0], np.ones((2, 2)))[None, None])


def test_what_changes_nothing_is_predicted_once() -> None:
    assert {_BY_NAME[name].key(0) for name in ("contrast", "blur", "noise")} == {"unchanged"}
    assert _BY_NAME["gamma"].key(1) == "unchanged"
    assert _BY_NAME["scale"].key(1) == "scale 1"
