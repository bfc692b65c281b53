"""The baseline finds what Otsu and a watershed can find."""

from __future__ import annotations

import numpy as np
import pytest

from apprentice_lab import classical
from napari_apprentice.data.image.volume import Volume


def _balls(shape: tuple[int, int, int], centres: list[tuple[int, int, int]], radius: float, z: float) -> np.ndarray:
    grid = np.indices(shape).astype(float)
    return sum(
        ((z * (grid[0] - c[0])) ** 2 + (grid[1] - c[1]) ** 2 + (grid[2] - c[2]) ** 2 <= radius**2).astype(np.uint16)
        for c in centres
    ).clip(0, 1) * np.uint16(100)


@pytest.mark.parametrize("invert", [False, True])
def test_touching_disks_are_cut(invert: bool) -> None:
    image = _balls((1, 60, 80), [(0, 30, 24), (0, 30, 44), (0, 12, 65)], 11, 1.0)
    pixels = np.stack([100 - image if invert else image] * 2)[:, None]
    labels = classical.segment(Volume(pixels))
    assert labels.shape == (2, 1, 60, 80)
    assert labels.dtype == np.uint32
    for t in range(2):
        assert len(np.unique(labels[t][labels[t] > 0])) == 3
    assert not set(np.unique(labels[0])) & set(np.unique(labels[1])) - {0}


def test_spacing_is_honoured_in_3d() -> None:
    image = _balls((20, 50, 70), [(10, 25, 22), (10, 25, 44)], 13, 4.0)
    labels = classical.segment(Volume(image[None, None], (4.0, 1.0, 1.0), "um"))
    assert len(np.unique(labels)) == 3


def test_nothing_in_a_constant_image() -> None:
    assert not classical.segment(Volume(np.full((1, 2, 1, 9, 9), 3.0))).any()
