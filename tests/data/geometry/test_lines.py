"""The voxels under a line."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data.geometry.lines import voxels_along


def test_a_line_passes_over_no_voxel_and_leaves_out_what_is_outside() -> None:
    found = voxels_along([(0, 0), (0, 3), (2, 3), (2, 3), (0, 3), (0, 9)], (3, 6))
    assert found.tolist() == [[0, 0], [0, 1], [0, 2], [0, 3], [1, 3], [2, 3], [0, 4], [0, 5]]


def test_steep_lines_have_no_gap() -> None:
    found = voxels_along([(0.4, 0.2), (7.3, 2.9), (19.4, 11.1)], (20, 20))
    assert np.abs(np.diff(found, axis=0)).max() == 1
    assert found[-1].tolist() == [19, 11]


def test_a_place_is_a_line_of_one_voxel() -> None:
    assert voxels_along([(1.4, 2.6)], (5, 5)).tolist() == [[1, 3]]
    assert voxels_along([(-4, 2)], (5, 5)).tolist() == []
