from __future__ import annotations

import numpy as np
import torch

from napari_apprentice.engine.resample import covers_any, network_shape, resize, resize_labels


def test_shapes_round():
    assert network_shape((5, 100, 33), 0.5) == (5, 50, 16)
    assert network_shape((1, 1, 1), 0.1) == (1, 1, 1)


def test_shrinking_averages_and_keeps_light():
    image = torch.rand(2, 3, 64, 96)
    small = resize(image, (32, 48))
    assert small.shape == (2, 3, 32, 48)
    torch.testing.assert_close(small.mean(), image.mean(), atol=0.01, rtol=0)
    assert small.std() < 0.7 * image.std()


def test_labels_keep_their_values_and_their_place():
    labels = np.arange(6, dtype=np.uint32).repeat(10)[None, None].repeat(20, axis=1)
    small = resize_labels(labels, (10, 30))
    assert set(np.unique(small)) == set(range(6))
    np.testing.assert_array_equal(small[0, 0], np.arange(6).repeat(5))


def test_a_pixel_knows_what_it_covers():
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 4, 4] = True
    np.testing.assert_array_equal(np.argwhere(covers_any(mask, (3, 3))), [[0, 1, 1]])
    np.testing.assert_array_equal(covers_any(mask, (9, 9)), mask)
    assert covers_any(mask, (4, 4)).sum() == 4  # it lies across their edges
    assert covers_any(np.eye(3, dtype=bool)[None], (6, 6)).sum() == 12
