from __future__ import annotations

import numpy as np

from napari_apprentice.data.labels.corrections import Corrections
from napari_apprentice.data.labels.evidence import evidence_in
from napari_apprentice.data.labels.holdout import blocks_of, blocks_set_aside


def test_objects_are_counted_in_the_blocks_in_which_they_are_shared_out():
    """In an image that is no square, with its blocks numbered row by row."""
    labels = np.zeros((1, 1, 700, 300), np.uint32)
    corners = [(y, x) for y in range(5, 690, 37) for x in range(3, 290, 31)]
    for number, (y, x) in enumerate(corners, start=1):
        labels[0, 0, y : y + 9, x : x + 9] = number
    middles = tuple(np.array(corners).T + 4)
    found = evidence_in("image", Corrections(labels, np.where(labels > 0, 2, 0).astype(np.uint8)), "instances")
    assert found.confirmed == len(corners)
    assert found.set_aside == blocks_set_aside("image", 700, 300)[middles].sum()
    assert found.fullest == np.bincount(blocks_of(700, 300)[middles]).max()
