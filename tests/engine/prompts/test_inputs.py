from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_apprentice.engine.nets import build
from napari_apprentice.engine.prompts.inputs import NET, Prompt, answer, image_channels, prompt_channels


def test_clicks_are_disks_and_a_box_is_filled():
    add, remove, box, mask = prompt_channels(Prompt(add=[(10, 20), (0, 0)], remove=[(64, 64)], box=(5, 6, 8, 10)))
    assert add[10, 20] == add[13, 20] == add[10, 17] == 1
    assert add[14, 20] == add[13, 23] == 0
    assert add[0, 3] == 1
    assert remove.sum() == 29  # pixels within three of the middle
    assert box.sum() == 3 * 4
    assert box[5:8, 6:10].all()
    assert not mask.any()


def test_a_click_outside_of_the_window_draws_what_of_it_is_inside():
    add = prompt_channels(Prompt(add=[(-2, 50), (-40, 50), (130, 300)]))[0]
    assert add[0, 50] == add[1, 50] == 1
    assert add[2:].sum() == 0


def test_the_image_is_seen_by_its_own_darkest_and_brightest_whatever_its_numbers():
    image = np.random.default_rng(0).random((128, 128), np.float32)
    seen = image_channels(image)
    assert seen.shape == (2, 128, 128)
    np.testing.assert_allclose(image_channels(3000 * image + 700), seen, atol=1e-3)


@pytest.mark.parametrize("flat", [0.0, 1000.0, np.nan])
def test_a_flat_or_empty_window_is_zeros_not_nan(flat: float):
    assert np.isfinite(image_channels(np.full((128, 128), flat, np.float32))).all()


def test_the_expected_iou_is_the_mean_of_the_second_output_over_the_mask():
    logits = torch.zeros(1, 2, 1, 4, 4)
    logits[0, 0] = -20.0
    logits[0, 0, 0, :2] = 20.0
    logits[0, 1, 0, :2] = 2.0
    logits[0, 1, 0, 2:] = -50.0
    mask, iou = answer(logits)
    assert (mask > 0.5).sum() == 8
    assert float(iou) == pytest.approx(1 / (1 + np.exp(-1.948)), abs=0.01)  # (8 * 1.001 * 2 - 8 * .001 * 50) / 8.016


def test_the_network_takes_what_it_is_told_and_is_small():
    net = build(NET)
    assert sum(p.numel() for p in net.parameters()) < 2_000_000
    assert net(torch.zeros(1, 6, 1, 128, 128)).shape == (1, 2, 1, 128, 128)
