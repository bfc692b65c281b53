from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.image.noise import noise_of, smooth, smoothing_for, without_hot_pixels


def scene(*spots: tuple[int, int, float]) -> np.ndarray:
    values = np.full((1, 2, 7, 9), 0.25, np.float32)
    for y, x, value in spots:
        values[0, 1, y, x] = value
    return values


@pytest.mark.parametrize("place", [(3, 4), (0, 0), (6, 8), (0, 5)])
def test_a_hot_pixel_becomes_like_those_around_it(place: tuple[int, int]) -> None:
    values = without_hot_pixels(scene((*place, 30.0)))
    np.testing.assert_array_equal(values, scene())


def test_so_do_two_that_touch() -> None:
    values = without_hot_pixels(scene((3, 4, 30.0), (4, 5, 9.0)))
    np.testing.assert_array_equal(values, scene())


def test_small_spots_that_a_lens_drew_stay() -> None:
    y, x = np.mgrid[:9, :9] - 4
    spot = 4 * np.exp(-(y**2 + x**2) / (2 * 0.85**2))  # full width at half maximum of two pixels
    values = spot[None].astype(np.float32)
    np.testing.assert_array_equal(without_hot_pixels(values.copy()), values)
    line = np.zeros((1, 9, 9), np.float32)
    line[0, 4] = 4
    np.testing.assert_array_equal(without_hot_pixels(line.copy()), line)


def test_what_is_not_far_above_the_bright_stays() -> None:
    values = scene((3, 4, 1.2))
    np.testing.assert_array_equal(without_hot_pixels(values.copy()), values)


def test_too_narrow_to_tell() -> None:
    values = np.array([[[9.0, 0, 0]]], np.float32)
    np.testing.assert_array_equal(without_hot_pixels(values.copy()), values)


def test_noise_is_measured_whatever_lies_below() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:200, :200]
    smooth_image = 500 + 2 * x + 200 * np.sin(y / 15)
    smooth_image[50:90, 60:120] += 400  # an edge
    noisy = smooth_image + rng.normal(0, 12, smooth_image.shape)
    noisy[rng.random(noisy.shape) < 0.001] = 30_000
    assert noise_of(noisy[None]) == pytest.approx(12, rel=0.05)
    assert noise_of(np.rint(smooth_image)[None]) < 1
    assert noise_of(np.zeros((1, 2, 50))) == 0
    assert noise_of(np.full((3, 5, 5), np.nan)) == 0


def test_more_noise_is_smoothed_more_up_to_a_limit() -> None:
    widths = [smoothing_for(noise) for noise in (0.1, 0.2, 0.4, 5)]
    assert widths == sorted(widths)
    assert widths[-1] == 3


def test_smoothing_stays_in_the_plane() -> None:
    values = np.zeros((3, 9, 9), np.float32)
    values[1, 4, 4] = 1
    smooth(values, 1.0)
    assert values[[0, 2]].max() == 0
    assert values.sum() == pytest.approx(1, abs=1e-3)
    assert 0.1 < values[1, 4, 4] < 0.2
