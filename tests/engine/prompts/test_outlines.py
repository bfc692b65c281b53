"""How outlines of solids move from a click."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.engine.prompts import outlines
from napari_apprentice.engine.prompts.outlines import moved


def ball(radius: float, step: float, shape: tuple[int, int, int]) -> np.ndarray:
    """A ball in the middle, of a radius in pixels, in slices that are so many pixels thick."""
    z, y, x = (np.arange(n) - n // 2 for n in shape)
    return np.asarray((z[:, None, None] * step) ** 2 + y[:, None] ** 2 + x**2 <= radius**2)


@pytest.mark.parametrize("step", [1.0, 3.0])
def test_the_outline_comes_to_lie_beyond_a_click_on_what_is_missing(step: float):
    shape = (round(61 / step) | 1, 61, 61)
    before = ball(12, step, shape)
    at = shape[0] // 2, 30, 45  # 3 pixels beside it
    after = moved(before, at, (), step, remove=False)
    row = np.flatnonzero(after[shape[0] // 2, 30])
    assert 46 <= row[-1] <= 48
    assert (after >= before).all(), "nothing is taken away"
    assert 30 - 12 - row[0] < row[-1] - 42, "less on the other side"


@pytest.mark.parametrize("step", [1.0, 3.0])
def test_what_was_clicked_is_no_more_in_it_and_what_was_clicked_before_is_as_it_was(step: float):
    shape = (round(61 / step) | 1, 61, 61)
    before = ball(16, step, shape)
    at, earlier = (shape[0] // 2, 30, 43), (shape[0] // 2, 30, 13)
    after = moved(before, at, [earlier], step, remove=True)
    row = np.flatnonzero(after[shape[0] // 2, 30])
    assert 38 <= row[-1] <= 42
    assert abs(row[0] - 14) <= 1
    assert (after <= before).all(), "nothing is added"


def test_a_large_solid_is_changed_as_a_small_one_but_for_the_voxels_left_out(monkeypatch: pytest.MonkeyPatch):
    before, at = ball(14, 1.0, (51, 51, 51)), (25, 25, 43)
    fine = moved(before, at, (), 1.0, remove=False)
    monkeypatch.setattr(outlines, "_VOXELS", 20_000)
    coarse = moved(before, at, (), 1.0, remove=False)
    assert (coarse >= before).all()
    assert (fine & coarse).sum() > 0.85 * (fine | coarse).sum()
