from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.gui.axis_mapping import AxisMapping

CASES = [
    ("YX", (4, 5), (1, 1, 4, 5)),
    ("CYX", (3, 4, 5), (1, 1, 4, 5)),
    ("ZCYX", (2, 3, 4, 5), (1, 2, 4, 5)),
    ("TCZYX", (6, 3, 2, 4, 5), (6, 2, 4, 5)),
    ("XYZT", (5, 4, 2, 6), (6, 2, 4, 5)),
]


@pytest.mark.parametrize(("axes", "layer_shape", "shape"), CASES)
def test_view_has_the_layers_dimensions_and_the_labels_memory(axes, layer_shape, shape):
    labels = np.arange(np.prod(shape), dtype=np.uint32).reshape(shape)
    axis_mapping = AxisMapping(axes, layer_shape)
    view = axis_mapping.view(labels)
    assert view.shape == tuple(layer_shape[i] for i in axis_mapping.kept)
    view[(0,) * view.ndim] = 77
    assert labels[0, 0, 0, 0] == 77


@pytest.mark.parametrize(("axes", "layer_shape", "shape"), CASES)
def test_flat_indices_find_the_painted_voxels(axes, layer_shape, shape):
    labels = np.random.default_rng(0).permutation(np.prod(shape)).astype(np.uint32).reshape(shape)
    view = AxisMapping(axes, layer_shape).view(labels)
    box = tuple(slice(n // 2, n) for n in view.shape)
    mask = np.random.default_rng(1).random(view[box].shape) > 0.5
    flat = AxisMapping(axes, layer_shape).flat(shape, box, mask)
    assert np.array_equal(labels.ravel()[flat], view[box][mask])


def test_positions_boxes_and_corners_are_translated():
    axis_mapping = AxisMapping("ZCYX", (9, 2, 20, 30))
    assert axis_mapping.point((3, 1, 4, 5)) == (0, 3, 4, 5)
    assert axis_mapping.box([(3, 4), (0, 2), (0, 20), (5, 9)]) == (slice(0, 1), slice(3, 4), slice(0, 20), slice(5, 9))
    assert axis_mapping.corner([(0, 1), (3, 5), (6, 9), (7, 8)]) == (3, 0, 6, 7)
