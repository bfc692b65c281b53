from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels.gains import Tally
from napari_apprentice.data.representations import USUAL, representation
from napari_apprentice.engine.evaluator import Score
from napari_apprentice.engine.guard import Guard
from napari_apprentice.engine.verdict import judged


def tally(found: np.ndarray) -> Tally:
    """So many objects, each found up to one of ten thresholds."""
    right = (np.arange(10) < found[:, None]).astype(float)
    return Tally(right, np.ones(right.shape), np.array([0.55, *[0.05] * 9]))


@pytest.mark.parametrize("seed", range(20))
def test_two_halves_joined_that_do_as_well_as_each_are_no_loss(seed):
    """The same counts, added up in one way by both, are the same score."""
    found = np.random.default_rng(seed).integers(4, 11, 24)
    before, after = tally(np.zeros(24)), tally(found)
    scores = [(Score(0.0, one.score_at_first, one.score - 1e-16), one) for one in (before, after)]
    guard = Guard(representation(USUAL["instances"], 2, 3))
    assert judged(scores[0], scores[1], guard, 0.0, tally(found)).is_better
    worse = judged(scores[0], scores[1], guard, 0.0, tally(np.maximum(found - 1, 0)))
    assert "less than of each" in worse.why_waits
