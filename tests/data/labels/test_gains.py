from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels.gains import Tally, classes_tally, gain_of, gain_of_values, objects_tally
from napari_apprentice.data.labels.scores import matches_by_object, matches_within

THRESHOLDS = (0.5, 0.8)


def tally(right) -> Tally:
    """Objects that are right or not, at one threshold."""
    found = np.array(right, float)[:, None]
    return Tally(found, np.ones_like(found), np.ones(1))


@pytest.mark.parametrize(
    ("objects", "won", "lost", "is_sure"),
    [(8, 3, 0, False), (8, 5, 0, True), (4, 4, 0, False), (30, 8, 2, False), (30, 12, 2, True), (60, 3, 0, False)],
)
def test_of_few_objects_most_have_to_be_won_before_a_gain_is_sure(objects, won, lost, is_sure) -> None:
    same = [1] * (objects - won - lost)
    gain = gain_of(tally([0] * won + [1] * lost + same), tally([1] * won + [0] * lost + same))
    assert gain.value == pytest.approx((won - lost) / objects)
    assert gain.low <= gain.value <= gain.high
    assert gain.is_sure is is_sure


def test_the_other_way_round_it_is_a_loss() -> None:
    old, new = tally([1] * 6 + [0] * 2), tally([0] * 6 + [0] * 2)
    assert gain_of(old, new).is_loss
    assert not gain_of(old, old).is_loss
    assert gain_of(old, old).value == 0


def test_objects_that_are_counted_one_by_one_sum_to_the_matches() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((1, 80, 80), np.uint32)
    found = np.zeros_like(truth)
    for number in range(16):
        y, x = 20 * (number // 4) + 3, 20 * (number % 4) + 3
        truth[:, y : y + 12, x : x + 12] = number + 1
        dy, dx = rng.integers(0, 7, 2)
        found[:, y + dy : y + dy + 9, x + dx : x + dx + 9] = number + 30
    found[:, 0:3, 60:70] = 99  # on background
    confirmed = np.where(truth > 0, 2, 1).astype(np.uint8)
    confirmed[:, :, 70:] = 0
    right, every = matches_by_object(truth, found, confirmed, THRESHOLDS)
    whole = matches_within(truth, found, confirmed, THRESHOLDS)
    assert whole[0].true_positives > 0
    assert every.shape == (12 + 1, 2)
    for k, one in enumerate(whole):
        assert right[:, k].sum() == one.true_positives
        assert every[:, k].sum() == one.true_positives + one.false_positives + one.false_negatives
    mean = np.mean([one.average_precision for one in whole])
    score = objects_tally(truth, found, confirmed, THRESHOLDS).score
    assert score == pytest.approx(0.5 * (whole[0].average_precision + mean))


def test_classes_are_counted_by_strokes_and_parts_of_large_areas() -> None:
    truth = np.zeros((1, 32, 32), np.uint32)
    truth[:, :, 16:] = 1
    confirmed = np.full(truth.shape, 2, np.uint8)
    confirmed[truth == 0] = 1
    found = truth.copy()
    found[:, :16, 16:] = 0
    one = classes_tally(truth, found, confirmed, [1])
    assert one.every.shape == (2, 1)  # an area of each
    assert one.score == pytest.approx(2 * 256 / (512 + 256))
    assert classes_tally(truth, truth, confirmed, [1]).score == 1
    wide = np.ones((1, 128, 192), np.uint32)
    assert classes_tally(wide, wide, np.full(wide.shape, 2, np.uint8), [1]).every.shape == (6, 1)
    strokes = np.zeros((2, 128, 128), np.uint8)
    strokes[:, 8:14, :60] = strokes[:, 40:46, :60] = 2  # two in each of two slices
    assert (
        len(classes_tally(np.ones_like(strokes, np.uint32), np.ones_like(strokes, np.uint32), strokes, [1]).every) == 4
    )


def test_a_number_of_each_object_has_students_interval_of_the_pairs():
    """By hand: differences .1, .2, .3 have the mean .2 and the deviation .1; t of 2 at .95 is 2.92."""
    gain = gain_of_values(np.array([0.5, 0.5, 0.5]), np.array([0.6, 0.7, 0.8]))
    assert gain.value == pytest.approx(0.2)
    assert gain.low == pytest.approx(0.2 - 2.92 * 0.1 / 3**0.5, abs=1e-4)
    assert gain.high == pytest.approx(0.2 + 2.92 * 0.1 / 3**0.5, abs=1e-4)
    assert gain.is_sure
    assert not gain_of_values(np.array([0.5, 0.5]), np.array([0.6, 0.9])).is_sure, "two objects tell little"
    assert gain_of_values(np.array([0.5, 0.6, 0.7]), np.array([0.4, 0.5, 0.6])).is_loss
