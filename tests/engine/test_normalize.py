from __future__ import annotations

import numpy as np
import torch

from napari_apprentice.data.image.sampling import sample
from napari_apprentice.engine.normalize import fit, with_logarithm
from napari_apprentice.settings import NormalizeSettings


def test_percentiles_become_0_and_1_for_each_channel() -> None:
    ramp = np.arange(101, dtype=np.uint16).reshape(1, 1, 101)
    pixels = np.stack([ramp, ramp * 10 + 5])
    scaling = fit(pixels, NormalizeSettings(low=10, high=90, gain=0))
    np.testing.assert_allclose(scaling.low, (10, 105))
    values = scaling.apply(pixels)
    np.testing.assert_allclose(values[:, 0, 0, [0, 10, 50, 90]], [[0, 0, 0.5, 1]] * 2, atol=1e-6)


def test_the_logarithm_follows_all_linear_channels_as_it_does_for_patches() -> None:
    pixels = np.random.default_rng(0).uniform(0, 100, (2, 1, 8, 8))
    scaling = fit(pixels, NormalizeSettings(gain=20))
    inputs = scaling.apply(pixels)
    assert inputs.shape == (4, 1, 8, 8)
    assert inputs.dtype == np.float32
    patches = with_logarithm(torch.from_numpy(scaling.linear(pixels))[None], 20)
    np.testing.assert_allclose(patches[0].numpy(), inputs, rtol=1e-5)


def test_constant_and_non_finite_pixels_stay_finite() -> None:
    constant = np.full((1, 1, 4, 4), 7, np.uint8)
    assert np.all(fit(constant, NormalizeSettings()).apply(constant) == 0)
    odd = np.ones((1, 1, 4, 4), np.float32)
    odd[0, 0, 0] = [np.nan, np.inf, -np.inf, 3]
    assert np.isfinite(fit(odd, NormalizeSettings()).apply(odd)).all()
    empty = np.full((1, 1, 2, 2), np.nan, np.float32)
    assert np.all(fit(empty, NormalizeSettings()).apply(empty) == 0)


def test_one_bright_spot_in_the_dark_is_seen() -> None:
    pixels = np.zeros((1, 1, 100, 100), np.uint16)
    pixels[0, 0, 3, 3] = 500
    assert fit(pixels, NormalizeSettings()).linear(pixels).max() == 1


NOISY = NormalizeSettings(noise=0.06)


def spots(noise: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:90, :110]
    clean = 100 + 900 * (np.sin(y / 9) * np.sin(x / 7) > 0.3)
    pixels = clean + rng.normal(0, 900 * noise, clean.shape)
    pixels[rng.random(clean.shape) < 0.001] = 30_000
    return pixels[None, None].astype(np.float32)


def test_a_noisy_image_is_smoothed_and_its_range_is_that_of_what_lies_below() -> None:
    scaling = fit(spots(0.2), NOISY)
    assert 0.8 < scaling.smoothing[0] < 1.4
    values = scaling.linear(spots(0.2))
    clean = fit(spots(0), NormalizeSettings()).linear(spots(0))
    unsmoothed = fit(spots(0.2), NormalizeSettings()).linear(spots(0.2))
    assert np.abs(values - clean).mean() < 0.6 * np.abs(unsmoothed - clean).mean()


def test_images_with_the_noise_it_stands_are_left_alone() -> None:
    assert fit(spots(0.04), NOISY).smoothing == (0,)
    assert fit(spots(0.2), NormalizeSettings()).smoothing == (0,)


def test_a_part_is_the_same_as_in_the_whole() -> None:
    pixels = np.concatenate([spots(0.2), spots(0.02)])
    for settings in (NOISY, NormalizeSettings()):
        scaling = fit(pixels, settings)
        whole = scaling.linear(pixels)
        for part in ((slice(0, 1), slice(0, 40), slice(31, 64)), (slice(0, 1), slice(33, 90), slice(0, 110))):
            np.testing.assert_allclose(scaling.linear_part(pixels, part), whole[(slice(None), *part)], atol=1e-6)


def test_channels_keep_their_smoothing_when_they_are_taken_apart_and_joined() -> None:
    scaling = fit(np.concatenate([spots(0.2), spots(0.02)]), NOISY)
    first, second = scaling.only(slice(0, 1)), scaling.only(slice(1, 2))
    assert second.smoothing == (0,)
    assert first.beside(second) == scaling


def test_of_a_large_image_noise_is_told_by_a_sample() -> None:
    pixels = np.tile(spots(0.2), (1, 1, 6, 6))
    some = sample(pixels, whole=1000)
    whole, told = fit(pixels, NOISY), fit(some, NOISY)
    np.testing.assert_allclose(told.smoothing, whole.smoothing, rtol=0.1)
    np.testing.assert_allclose((*told.low, *told.high), (*whole.low, *whole.high), atol=20)
