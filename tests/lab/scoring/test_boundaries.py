"""Membrane F1 on lines that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from apprentice_lab.scoring import boundaries
from apprentice_lab.scoring.boundaries import LineCounts

SHARED = Path(__file__).parents[4] / "shared" / "data"


def row(y: int, width: int = 1, length: int = 20) -> np.ndarray:
    """A horizontal line in a section (1, 30, 40), from x = 10 on."""
    mask = np.zeros((1, 30, 40), np.uint8)
    mask[0, y : y + width, 10 : 10 + length] = 1
    return mask


def test_what_is_equal_scores_one() -> None:
    assert boundaries.compare(row(12), row(12)) == LineCounts(20, 20, 20, 20)
    assert boundaries.compare(row(12), row(12)).f1 == 1.0


@pytest.mark.parametrize(("away", "f1"), [(1, 1.0), (2, 1.0), (3, 0.0)])
def test_two_pixels_away_is_right_and_three_are_wrong(away: int, f1: float) -> None:
    assert boundaries.compare(row(12), row(12 + away)).f1 == f1


def test_distance_is_euclidean() -> None:
    truth, found = np.zeros((2, 1, 9, 9), np.uint8)
    truth[0, 4, 4] = found[0, 6, 6] = 1  # 2.83 pixels
    assert boundaries.compare(truth, found).f1 == 0.0
    assert boundaries.compare(truth, found, 3.0).f1 == 1.0


def test_half_of_a_line_is_precise_and_misses_half_but_two_pixels() -> None:
    counts = boundaries.compare(row(12), row(12, length=10))
    assert counts == LineCounts(10, 10, 20, 12)
    assert (counts.precision, counts.recall) == (1.0, 0.6)
    assert counts.f1 == pytest.approx(2 * 0.6 / 1.6)


def test_a_line_that_is_not_there_costs_precision() -> None:
    counts = boundaries.compare(row(6), row(6) | row(20))
    assert (counts.precision, counts.recall) == (0.5, 1.0)


def test_thickness_gains_nothing() -> None:
    thick = boundaries.compare(row(12), row(11, width=3))
    assert thick.precision == 1.0
    assert thick.predicted <= 20
    filled = boundaries.compare(row(12), np.ones((1, 30, 40), np.uint8))
    assert filled.f1 < 0.8
    assert boundaries.compare(row(12), np.ones((1, 30, 40), np.uint8), thin=False).recall == 1.0


def test_nothing_found_and_nothing_there() -> None:
    empty = np.zeros_like(row(1))
    assert boundaries.compare(empty, empty).f1 == 1.0
    assert boundaries.compare(row(12), empty).f1 == 0.0
    assert boundaries.compare(empty, row(12)).precision == 0.0


def test_sections_are_counted_together_and_apart() -> None:
    truth, found = np.concatenate([row(5), row(5)]), np.concatenate([row(5), row(20)])
    assert boundaries.compare(truth, found) == LineCounts(40, 20, 40, 20)
    assert boundaries.compare(row(5), row(5)) + boundaries.compare(row(5), row(20)) == LineCounts(40, 20, 40, 20)


def test_boundaries_lie_on_either_side_within_a_section() -> None:
    labels = np.ones((2, 4, 6), int)
    labels[0, :, 3:] = 2
    labels[1] = 5
    mask = boundaries.between(labels)
    assert mask[0].sum(axis=0).tolist() == [0, 0, 4, 4, 0, 0]
    assert not mask[1].any()


def test_real_membranes_are_the_boundaries_of_their_labels_and_a_shift_of_one_is_forgiven() -> None:
    folder, name = SHARED / "em_fib25", "fib25_z150-199_dev"
    if not folder.exists():
        pytest.skip("needs the annotated images in ../shared/data")
    labels = tifffile.imread(folder / "labels" / f"{name}.tif")[::10]
    truth = tifffile.imread(folder / "membranes" / f"{name}.tif")[::10]
    np.testing.assert_array_equal(boundaries.between(labels), truth)
    assert boundaries.compare(truth, truth).f1 == 1.0
    assert boundaries.compare(truth[..., 1:], truth[..., :-1]).f1 > 0.99
    assert boundaries.compare(truth[..., 5:], truth[..., :-5]).f1 < 0.7
