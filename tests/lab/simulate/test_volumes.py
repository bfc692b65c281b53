"""Simulated stacks are what was asked for, in numbers."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from apprentice_lab.simulate.membranes import cells
from apprentice_lab.simulate.scene import SimulatedScene, cells_scene, nuclei_scene
from apprentice_lab.simulate.solids import Forms, measure
from apprentice_lab.simulate.volumes import nuclei

SCENE = SimulatedScene(shape=(20, 80, 80), forms=Forms(diameter=16.0))


def _touching(truth: np.ndarray) -> float:
    """Share of objects with a voxel beside one of another."""
    filled = np.where(truth == 0, np.iinfo(np.uint16).max, truth)
    meets = (ndimage.maximum_filter(truth, 3) != truth) | (ndimage.minimum_filter(filled, 3) != truth)
    return len(np.unique(truth[meets & (truth > 0)])) / int(truth.max())


@pytest.mark.parametrize("fill", [0.05, 0.2, 0.4])
def test_nuclei_fill_the_share_asked_for(fill: float) -> None:
    scene = replace(SCENE, fill=fill, touching=0.8 if fill > 0.3 else 0.3)
    got = np.mean([(nuclei(scene, seed)[1] > 0).mean() for seed in range(2)])
    assert got == pytest.approx(fill, rel=0.3)


def test_more_nuclei_touch_when_more_should() -> None:
    apart, some, crowded = (
        np.mean([_touching(nuclei(replace(SCENE, fill=0.1, touching=share), seed)[1]) for seed in range(2)])
        for share in (0.0, 0.5, 1.0)
    )
    assert apart < 0.1
    assert 0.3 < some < 0.9
    assert crowded > 0.8


@pytest.mark.parametrize("anisotropy", [1.0, 2.0, 6.0])
def test_nuclei_are_as_flat_in_voxels_as_slices_are_apart(anisotropy: float) -> None:
    scene = replace(SCENE, anisotropy=anisotropy, fill=0.1, touching=0.2)
    seen = measure(nuclei(scene, 0)[1])  # as if voxels were cubes
    assert seen.tall == pytest.approx(1 / anisotropy, rel=0.25)
    assert measure(nuclei(scene, 0)[1], anisotropy).diameter == pytest.approx(16.0, rel=0.12)


@pytest.mark.parametrize(("snr", "shot"), [(8.0, 0.9), (2.0, 0.5), (0.3, 0.0)])
def test_noise_is_what_was_asked_for(snr: float, shot: float) -> None:
    clean = replace(SCENE, forms=Forms(20.0), fill=0.15, brightness=0.0, grain=0.0, uneven=0.0, haze=0.0, sigma=0.5)
    image, truth = nuclei(replace(clean, snr=snr, shot=shot), 1)
    inside = ndimage.binary_erosion(truth > 0, iterations=2)
    around = ~ndimage.binary_dilation(truth > 0, iterations=2)
    step = np.diff(image.astype(float), axis=2)[inside[:, :, 1:] & inside[:, :, :-1]]
    noise = 1.4826 / np.sqrt(2) * np.median(np.abs(step - np.median(step)))
    contrast = np.mean(image[inside]) - np.mean(image[around])
    assert contrast / noise == pytest.approx(snr, rel=0.25)


def test_a_longer_point_spread_function_blurs_along_z() -> None:
    scene = replace(SCENE, anisotropy=1.0, fill=0.05, snr=50.0, haze=0.0, grain=0.0)
    short, long = (nuclei(replace(scene, elongation=e), 0)[0].astype(float) for e in (1.0, 5.0))

    def sharpness(image: np.ndarray) -> float:
        return float(np.abs(np.diff(image, axis=0)).mean() / np.abs(np.diff(image, axis=2)).mean())

    assert sharpness(long) < 0.8 * sharpness(short)


def test_some_nuclei_are_dim_beside_bright_ones() -> None:
    scene = replace(SCENE, brightness=0.7, snr=20.0, background=0.05, haze=0.0)
    image, truth = nuclei(scene, 0)
    means = ndimage.mean(image.astype(float), truth, np.arange(1, truth.max() + 1)) - image.min()
    assert np.percentile(means, 90) > 3 * np.percentile(means, 10)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_seed_gives_the_same_stack_again(bits: int) -> None:
    scene = replace(SCENE, bits=bits)
    (image, truth), (again, _) = nuclei(scene, 5), nuclei(scene, 5)
    assert image.dtype == (np.uint8 if bits == 8 else np.uint16)
    np.testing.assert_array_equal(image, again)
    assert set(np.unique(truth)) == set(range(int(truth.max()) + 1))
    assert not np.array_equal(image, nuclei(scene, 6)[0])


def test_forms_are_found_again_in_the_masks() -> None:
    asked = Forms(diameter=18.0, spread=0.1, stretch=0.2, tall=1.3, roughness=0.02)
    scene = SimulatedScene((48, 96, 96), 1.0, asked, fill=0.12, touching=0.1)
    got = measure(nuclei(scene, 0)[1])
    assert got.diameter == pytest.approx(18.0, rel=0.12)
    assert got.tall == pytest.approx(1.3, abs=0.2)
    assert got.stretch == pytest.approx(0.2, abs=0.08)
    assert measure(np.zeros((4, 8, 8), np.uint16)) == Forms()


def test_cells_fill_the_tissue_and_their_walls_shine() -> None:
    image, truth = cells(replace(SCENE, forms=Forms(26.0), snr=10.0, uneven=0.1, haze=0.0), 0)
    assert truth.min() > 0
    assert truth.max() > 10
    wall = ndimage.maximum_filter(truth, 3) != ndimage.minimum_filter(truth, 3)
    deep = ~ndimage.binary_dilation(wall, iterations=2)
    assert image[wall].mean() > 1.2 * image[deep].mean()
    assert (cells(replace(SCENE, patchy=True), 3)[1] == 0).any()


@pytest.mark.parametrize("seed", range(2))
def test_every_scene_drawn_can_be_rendered(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (16, 64, 64)
    for image, truth in (nuclei(nuclei_scene(rng, shape), seed), cells(cells_scene(rng, shape), seed)):
        assert image.shape == truth.shape == shape
        assert image.max() > image.min()


def test_a_stack_takes_less_than_a_second() -> None:
    began = time.process_time()
    nuclei(SimulatedScene(shape=(32, 128, 128), fill=0.3, touching=0.8), 0)
    assert time.process_time() - began < 1.0
