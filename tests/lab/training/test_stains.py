from __future__ import annotations

import numpy as np
import pytest

from apprentice_lab.training.stains import stained_otherwise


@pytest.fixture
def section() -> np.ndarray:
    """Glass on the left, eosin in the middle, haematoxylin on the right: (3, 8, 24) uint8."""
    colours = np.full((3, 8, 24), 240, np.uint8)
    colours[:, :, 8:16] = np.array([225, 150, 195], np.uint8)[:, None, None]
    colours[:, :, 16:] = np.array([90, 60, 140], np.uint8)[:, None, None]
    return colours


@pytest.mark.parametrize("seed", range(8))
def test_what_absorbs_stays_darker_than_glass(section: np.ndarray, seed: int) -> None:
    gray = stained_otherwise(section, np.random.default_rng(seed))
    glass, eosin, haematoxylin = (float(gray[:, part].mean()) for part in (slice(8), slice(8, 16), slice(16, None)))
    assert gray.shape == (8, 24)
    assert gray.dtype == np.float32
    assert 0 < haematoxylin < eosin < glass <= 1


def test_every_draw_is_another_and_a_seed_repeats_its_own(section: np.ndarray) -> None:
    contrast = []
    for seed in range(20):
        gray = stained_otherwise(section, np.random.default_rng(seed))
        np.testing.assert_array_equal(gray, stained_otherwise(section, np.random.default_rng(seed)))
        contrast.append((gray[0, 0] - gray[0, 8]) / (gray[0, 0] - gray[0, 23]))
    assert np.std(contrast) > 0.1  # how much of the contrast eosin has


def test_black_and_an_empty_image_stay_finite() -> None:
    for value in (0, 255):
        gray = stained_otherwise(np.full((3, 4, 4), value, np.uint8), np.random.default_rng(0))
        assert np.isfinite(gray).all()
