"""Cells with bright walls are outlined to the middle of the wall; what has no wall stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.engine.prompts.growing import Piece
from napari_apprentice.engine.prompts.planes import Volume
from napari_apprentice.engine.prompts.ridges import up_to_walls

SHAPE, MIDDLE = (40, 80, 80), (20, 40, 40)


def far(step: float = 1.0, shape=SHAPE, middle=MIDDLE) -> np.ndarray:
    """How far each voxel lies from the middle, in pixels of a slice."""
    z, y, x = np.indices(shape)
    return np.sqrt((step * (z - middle[0])) ** 2 + (y - middle[1]) ** 2 + (x - middle[2]) ** 2)


def grown(pixels: np.ndarray, mask: np.ndarray, step: float = 1.0, limits: range = range(40)) -> np.ndarray:
    piece = up_to_walls(Volume.of(pixels, (step, 1.0, 1.0)), Piece((0, 0, 0), mask).trimmed(), 0.0, limits)
    found = np.zeros(mask.shape, bool)
    found[piece.box] = piece.mask
    return found


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    return float((found & truth).sum() / (found | truth).sum())


def walled(step: float = 1.0) -> np.ndarray:
    """A dark cell whose wall is brightest 14 pixels from its middle, dark again beyond, and grain."""
    wall = 100 * np.exp(-(((far(step) - 14) / 2) ** 2))
    return (20 + wall + np.random.default_rng(0).normal(0, 3, SHAPE)).astype(np.float32)


@pytest.mark.parametrize("step", [1.0, 2.5])
def test_a_cell_reaches_to_the_middle_of_its_wall(step: float) -> None:
    truth, small = far(step) <= 14, far(step) <= 10
    assert iou(small, truth) < 0.45
    assert iou(grown(walled(step), small, step), truth) > 0.9


def test_it_stays_within_slices() -> None:
    small = (far() <= 10) & (np.arange(40) < 22)[:, None, None]
    found = grown(walled(), small, limits=range(8, 22))
    assert not found[22:].any()
    assert not found[:8].any()
    assert found.sum() > small.sum()


@pytest.mark.parametrize(("inside", "outside"), [(120, 20), (20, 120)])
def test_what_has_no_wall_stays(inside: int, outside: int) -> None:
    """A bright nucleus on dark ground, and something dark on bright ground."""
    soft = 1 / (1 + np.exp(far() - 14))
    pixels = outside + (inside - outside) * soft + np.random.default_rng(0).normal(0, 1, SHAPE)
    small = far() <= 11
    np.testing.assert_array_equal(grown(pixels.astype(np.float32), small), small)


def test_what_is_flat_or_has_no_inside_stays() -> None:
    small = far() <= 11
    np.testing.assert_array_equal(grown(np.zeros(SHAPE, np.uint8), small), small)
    speck = far() <= 1
    np.testing.assert_array_equal(grown(walled(), speck), speck)


def test_a_cell_at_the_edge_and_pixels_that_are_no_numbers() -> None:
    middle = (0, 0, 40)
    pixels = 20 + 100 * np.exp(-(((far(middle=middle) - 14) / 2) ** 2))
    pixels[0, 0, 40] = np.nan
    found = grown(pixels.astype(np.float32), far(middle=middle) <= 10)
    assert iou(found, far(middle=middle) <= 14) > 0.85


def test_of_a_large_cell_every_second_voxel_is_enough() -> None:
    shape, middle = (60, 160, 160), (30, 80, 80)
    away = far(shape=shape, middle=middle)
    pixels = (20 + 100 * np.exp(-(((away - 34) / 3) ** 2))).astype(np.float32)
    piece = up_to_walls(Volume.of(pixels), Piece((0, 0, 0), away <= 28).trimmed(), 0.0, range(60))
    found = np.zeros(shape, bool)
    found[piece.box] = piece.mask
    assert iou(found, away <= 34) > 0.9
