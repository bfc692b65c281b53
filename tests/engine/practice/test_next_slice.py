from __future__ import annotations

import numpy as np

from napari_apprentice.engine.practice.next_slice import as_next_slice


def test_the_next_slice_has_nearly_the_same_mask_and_never_just_the_same():
    y, x = np.mgrid[:128, :128]
    truth = (y - 60) ** 2 + (x - 70) ** 2 <= 30**2
    ious, areas = [], []
    for seed in range(40):
        mask = as_next_slice(truth, np.random.default_rng(seed))
        assert mask.dtype == np.float32
        assert mask.min() >= 0
        assert mask.max() <= 1
        found = mask > 0.5
        ious.append((found & truth).sum() / (found | truth).sum())
        areas.append(found.sum() / truth.sum())
    assert 0.55 < np.mean(ious) < 0.9  # slices of the volumes at hand that lie side by side: .7 to .8
    assert max(ious) < 1
    assert min(areas) < 0.85
    assert max(areas) > 1.15
