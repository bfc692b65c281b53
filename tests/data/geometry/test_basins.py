from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import ndimage

from napari_apprentice.data.geometry.ascent import climb
from napari_apprentice.data.geometry.basins import basins, divide, flood
from napari_apprentice.data.geometry.blocks import blocks

Voxel = tuple[int, ...]


def _field(shape: tuple[int, int, int], seed: int, levels: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Smooth noise and a mask with holes; with ``levels`` there are plateaus."""
    rng = np.random.default_rng(seed)
    spread = [1.0 if n > 1 else 0.0 for n in shape]
    height = ndimage.gaussian_filter(rng.normal(size=shape), spread)
    height /= height.std()
    inside = ndimage.gaussian_filter(rng.normal(size=shape), spread) > -0.2
    return (np.round(height * levels) / levels if levels else height).astype(np.float32), inside


def _beside(at: Voxel, inside: np.ndarray, most: int = 1) -> list[Voxel]:
    steps = [step for step in itertools.product((-1, 0, 1), repeat=3) if 1 <= np.abs(step).sum() <= most]
    found = [tuple(a + b for a, b in zip(at, step, strict=True)) for step in steps]
    return [one for one in found if all(0 <= i < n for i, n in zip(one, inside.shape, strict=True)) and inside[one]]


def _plain(height: np.ndarray, inside: np.ndarray, prominence: float) -> np.ndarray:
    """Each voxel climbs on its own; pairs of peaks are joined from the highest pass down, of equals the first pair."""
    voxels = sorted(map(tuple, np.argwhere(inside).tolist()), key=lambda at: (-height[at], at))
    rank = {at: i for i, at in enumerate(voxels)}
    peak: dict[Voxel, Voxel] = {}
    passes: dict[tuple[Voxel, Voxel], float] = {}
    for at in voxels:
        higher = sorted((one for one in _beside(at, inside) if rank[one] < rank[at]), key=rank.__getitem__)
        peak[at] = peak[higher[0]] if higher else at
        for other in {peak[one] for one in higher} - {peak[at]}:
            first, second = sorted((peak[at], other))
            passes.setdefault((first, second), height[at])
    joined = {at: at for at in peak.values()}
    for pair in sorted(passes, key=lambda pair: (-passes[pair], pair)):
        high, low = sorted((joined[one] for one in pair), key=rank.__getitem__)
        rise = height[low] - passes[pair]
        overtopped = any(height[one] > height[low] for one in _beside(low, inside, 3))
        if rise < prominence or rise <= 0 or overtopped:
            joined = {at: high if basin == low else basin for at, basin in joined.items()}
    number = {at: i for i, at in enumerate(sorted(set(joined.values())), start=1)}
    labels = np.zeros(inside.shape, np.int32)
    for at in voxels:
        labels[at] = number[joined[peak[at]]]
    return labels


@pytest.mark.parametrize("shape", [(1, 37, 41), (9, 14, 15), (5, 1, 60)])
@pytest.mark.parametrize("levels", [0, 3])
@pytest.mark.parametrize("prominence", [0.0, 0.3, 1.5])
def test_basins_are_those_of_climbing_voxel_by_voxel(
    shape: tuple[int, int, int], levels: int, prominence: float
) -> None:
    for seed in range(2):
        height, inside = _field(shape, seed, levels)
        found = basins(height, inside, prominence)
        assert found.max() > 1
        np.testing.assert_array_equal(found, _plain(height, inside, prominence))


@pytest.mark.parametrize("levels", [0, 2])
def test_it_does_not_matter_where_blocks_end(levels: int) -> None:
    height, inside = _field((8, 40, 33), 0, levels)
    whole = divide(height, inside, 0.2, (8, 40, 33))
    for size in ((3, 7, 5), (1, 1, 33), (8, 16, 16)):
        found = divide(height, inside, 0.2, size)
        np.testing.assert_array_equal(found.basin[found.part], whole.basin[whole.part])
        np.testing.assert_array_equal(found.size, whole.size)
    np.testing.assert_array_equal(whole.size[1:], np.bincount(whole.basin[whole.part].ravel())[1:])


def test_a_way_through_many_blocks_is_led_on() -> None:
    height = np.arange(30, dtype=np.float32).reshape(1, 1, 30)
    parts = climb(height, np.ones_like(height, bool), (1, 1, 4))
    assert parts.number.max() == 8
    np.testing.assert_array_equal(parts.size, [0, 4, 4, 4, 4, 4, 4, 4, 2])
    assert (parts.peak[1:] == 1).all()
    np.testing.assert_array_equal(parts.at, [29])


def test_a_plateau_is_one_object_and_a_shelf_belongs_to_its_peak() -> None:
    u_shaped = np.array([[[5, 1, 5], [5, 1, 5], [5, 5, 5]]], np.float32)
    assert basins(u_shaped, u_shaped == 5, 0.0).max() == 1
    shelf = np.array([[[2, 2, 2, 3, 1, 4]]], np.float32)
    np.testing.assert_array_equal(basins(shelf, shelf > 0, 0.5)[0, 0, [0, 1, 2, 3, 5]], [1, 1, 1, 1, 2])


def test_objects_that_touch_at_a_corner_are_two() -> None:
    inside = np.array([[[1, 0], [0, 1]]], bool)
    np.testing.assert_array_equal(basins(np.ones((1, 2, 2), np.float32), inside, 9.0), [[[1, 0], [0, 2]]])


def test_every_voxel_inside_has_a_basin_whatever_its_height() -> None:
    height, inside = _field((1, 20, 20), 1)
    height[0, 3:6, 3:6] = np.nan
    height[0, 10, 10:13] = (np.inf, -np.inf, -np.inf)
    np.testing.assert_array_equal(basins(height, inside, 0.3) > 0, inside)
    assert basins(height, np.zeros_like(inside), 0.3).max() == 0


@pytest.mark.parametrize("fast", [True, False])
def test_climbing_divides_as_flooding_does(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fast:  # as on Linux on ARM
        monkeypatch.setattr("napari_apprentice.data.geometry.basins._fast_watershed", None)
    y, x = np.mgrid[:60, :90]
    away = np.stack([np.hypot(y - cy, x - cx) / r for cy, cx, r in ((25, 20, 17), (30, 45, 14), (28, 70, 15))])
    height = np.maximum(0, 1 - away).max(axis=0)[None].astype(np.float32)
    found = basins(height, height > 0, 0.2)
    assert found.max() == 3
    marks = np.zeros(height.shape, np.int32)
    for middle in ((0, 25, 20), (0, 30, 45), (0, 28, 70)):
        marks[middle] = found[middle]
    assert (found != flood(height, marks, height > 0)).sum() <= 5, "where two are equally near"


def test_blocks_cover_an_array_once() -> None:
    for shape in ((1, 1100, 513), (40, 130, 20)):
        covered = np.zeros(shape, int)
        for block in blocks(shape):
            covered[block] += 1
        assert (covered == 1).all()
