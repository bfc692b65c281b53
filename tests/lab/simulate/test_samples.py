"""The samples that ship are what their seeds render."""

from __future__ import annotations

import numpy as np
import pytest

from apprentice_lab import classical
from apprentice_lab.simulate.samples import render
from napari_apprentice.data import samples
from napari_apprentice.data.labels import scores


@pytest.mark.parametrize("name", samples.names())
def test_a_sample_that_ships_is_what_its_seed_renders(name: str) -> None:
    volume, truth = samples.load(name)
    image, again = render(name)
    shipped = np.asarray(volume.pixels)[0]
    if image.ndim == 3 and image.shape[-1] == 3:
        image = image.transpose(2, 0, 1)[:, None]
    shipped, image = (a.reshape(-1).astype(float) for a in (shipped, image))
    # mathematical libraries may differ in the last bit, which can turn a rounded count or a boundary voxel
    assert np.mean(np.abs(shipped - image) > 1) < 0.001
    assert np.mean(truth.ravel() != again.ravel()) < 0.001


def test_samples_are_neither_trivial_nor_hopeless_for_the_baseline() -> None:
    for name, low, high in [("nuclei_2d", 0.5, 0.95), ("cells_2d", 0.05, 0.7), ("nuclei_3d", 0.1, 0.8)]:
        volume, truth = samples.load(name)
        assert low < scores.average_precision(truth, classical.segment(volume)) < high, name
