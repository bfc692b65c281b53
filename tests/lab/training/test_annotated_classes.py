from __future__ import annotations

import numpy as np
import pytest
import torch

from apprentice_lab.training.annotated_classes import class_source, shift_decision
from napari_apprentice.architecture import NetSettings
from napari_apprentice.engine.nets import build
from napari_apprentice.settings import NormalizeSettings

NORMALIZE = NormalizeSettings()


def test_a_thin_volume_is_mirrored_up_to_the_patch_and_unknown_there() -> None:
    pixels = np.random.default_rng(0).integers(0, 99, (1, 5, 12, 10))
    labels = np.ones((5, 12, 10), np.uint8)
    source = class_source(pixels, labels, NORMALIZE, patch=(8, 16, 8))
    assert source.image.shape == (1, 8, 12, 10)
    torch.testing.assert_close(source.image[:, 5:], source.image[:, [4, 3, 2]])
    assert source.weight[0, :5].min() == 1
    assert source.weight[0, 5:].max() == 0


def test_patches_look_at_all_of_a_small_volume_and_not_beyond_a_large_one() -> None:
    pixels, labels = np.random.default_rng(0).random((1, 4, 40, 12)), np.zeros((4, 40, 12), int)
    y, x = class_source(pixels, labels, NORMALIZE, patch=(4, 16, 16)).centres[:, 1:].T
    assert (y.min(), y.max()) == (7.5, 31.5)
    assert set(x) == {5.5}


def test_of_sparse_slices_only_these_are_looked_at() -> None:
    pixels, labels = np.random.default_rng(0).random((1, 9, 20, 20)), np.zeros((9, 20, 20), int)
    confirmed = np.zeros_like(labels)
    confirmed[4] = 1
    source = class_source(pixels, labels, NORMALIZE, confirmed, (3, 8, 8))
    assert set(source.centres[:, 0]) == {4}
    assert source.weight.sum() == 400


def test_a_shifted_net_decides_at_a_half_what_it_decided_elsewhere() -> None:
    net = build(NetSettings(in_channels=1, out_channels=1, widths=(4, 8), pools=((1, 2, 2),))).eval()
    image = torch.rand(1, 1, 1, 32, 32)
    with torch.no_grad():
        before = net(image).sigmoid()
        middle = float(before.median())
        shift_decision(net, middle)
        after = net(image).sigmoid()
    assert float(((before > middle) == (after > 0.5)).float().mean()) == pytest.approx(1.0, abs=2e-3)
