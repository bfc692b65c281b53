from __future__ import annotations

import numpy as np
import pytest

from apprentice_lab.clicks.grabcut import GrabCut, Mixture
from apprentice_lab.clicks.methods import Shown
from napari_apprentice.data.image.volume import Volume


@pytest.fixture
def pair() -> np.ndarray:
    """Two bright disks of radius 20 that overlap, in noise."""
    y, x = np.mgrid[:160, :200]
    bright = (np.hypot(y - 80, x - 70) < 20) | (np.hypot(y - 80, x - 108) < 20)
    return 100 * bright + np.random.default_rng(0).normal(50, 10, (160, 200)).astype(np.float32)


def shown(pixels: np.ndarray) -> Shown:
    return Shown.of(Volume(pixels[None, None, None]))


def test_a_click_cuts_out_what_looks_alike_whatever_its_size():
    for radius in (8, 30, 70):
        y, x = np.mgrid[:300, :300]
        disk = np.hypot(y - 150, x - 140) < radius
        grabcut = GrabCut()
        grabcut.begin(shown(60 * disk + np.random.default_rng(1).normal(100, 10, disk.shape)))
        mask = grabcut.click((150, 140), False)
        assert (mask & disk).sum() / (mask | disk).sum() > 0.85, radius


def test_what_is_clicked_is_certain(pair: np.ndarray):
    grabcut = GrabCut()
    grabcut.begin(shown(pair))
    mask = grabcut.click((80, 70), False)
    assert mask[80, 108]  # alike, and touching
    less = grabcut.click((80, 112), True)
    assert not less[80, 112]
    assert less[80, 60:80].all()
    assert grabcut.click((110, 70), False)[110, 70]  # background, but the user says so


def test_a_new_object_knows_nothing_of_the_one_before(pair: np.ndarray):
    grabcut, image = GrabCut(), shown(pair)
    grabcut.begin(image)
    first = grabcut.click((80, 70), False)
    grabcut.click((20, 20), False)
    grabcut.begin(image)
    np.testing.assert_array_equal(grabcut.click((80, 70), False), first)


def test_a_mixture_finds_two_groups_and_its_density_is_theirs():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 0.1, 300), rng.normal(3, 0.1, 100)])[:, None]
    mixture = Mixture.of(values, 2)
    assert sorted(mixture.means[:, 0]) == pytest.approx([0, 3], abs=0.1)
    assert sorted(mixture.weights) == pytest.approx([0.25, 0.75], abs=0.01)
    grid = np.linspace(-3, 6, 2001)[:, None]
    assert np.exp(mixture.log_density(grid)).sum() * 9 / 2000 == pytest.approx(1, abs=0.01)
