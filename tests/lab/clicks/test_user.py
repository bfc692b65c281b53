from __future__ import annotations

import numpy as np
import pytest

from apprentice_lab.clicks.judging import score_of
from napari_apprentice.engine.practice.user import EXACT, MOST, SLOPPY, User, clicks_to, ious_of


@pytest.fixture
def truth() -> np.ndarray:
    """A square of 21 pixels around (30, 40)."""
    mask = np.zeros((60, 80), bool)
    mask[20:41, 30:51] = True
    return mask


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_first_click_is_the_middle_of_the_object(truth: np.ndarray):
    assert EXACT.next_click(np.zeros_like(truth), truth, rng()) == ((30.0, 40.0), False)


def test_what_is_too_much_is_taken_away_where_it_is_thickest(truth: np.ndarray):
    mask = truth.copy()
    mask[20:41, 51:62] = True  # eleven columns too many
    point, remove = EXACT.next_click(mask, truth, rng())
    assert remove
    assert point[1] == 56


def test_nothing_wrong_is_no_click_and_a_user_is_blind_to_what_is_thin(truth: np.ndarray):
    assert EXACT.next_click(truth, truth, rng()) is None
    mask = truth.copy()
    mask[20, 30:51] = False
    assert EXACT.next_click(mask, truth, rng()) is not None
    assert SLOPPY.next_click(mask, truth, rng()) is None


def test_a_sloppy_user_clicks_in_the_inner_half_of_the_error(truth: np.ndarray):
    user = User(inner=0.5)
    draw = np.random.default_rng(3)
    points = np.array([user.next_click(np.zeros_like(truth), truth, draw)[0] for _ in range(200)])
    away = np.abs(points - (30, 40)).max(axis=1)
    assert away.max() == 5  # the middle is 11 deep, so places at least 5.5 deep: up to 5 away
    assert len(np.unique(points, axis=0)) > 50


def test_clicks_are_counted_until_the_mask_is_good(truth: np.ndarray):
    rows = iter([30, 37, 41])  # the mask grows downwards

    def click(at: tuple[float, float], remove: bool) -> np.ndarray:
        mask = np.zeros_like(truth)
        mask[20 : next(rows), 30:51] = True
        return mask

    ious = ious_of(click, truth, EXACT, rng())
    assert ious == pytest.approx([10 / 21, 17 / 21, 1.0])
    assert clicks_to(ious, 0.8) == 2
    assert clicks_to(ious, 0.85) == 3


def test_a_mask_that_never_comes_is_given_up_after_twenty(truth: np.ndarray):
    ious = ious_of(lambda at, remove: np.zeros_like(truth), truth, EXACT, rng())
    assert len(ious) == MOST
    assert clicks_to(ious, 0.8) == MOST + 1


def test_a_score_counts_a_failure_as_twenty_clicks():
    score = score_of([[0.9], [0.5, 0.4, 0.82], [0.1] * MOST])
    assert score.objects == 3
    assert score.first == pytest.approx(1 / 3)
    assert score.noc80 == pytest.approx((1 + 3 + 20) / 3)
    assert score.noc85 == pytest.approx((1 + 20 + 20) / 3)
    assert score.failed == pytest.approx(1 / 3)
    assert score.lowered == pytest.approx(1 / 21)  # one of 2 + 19 later clicks


def test_a_click_that_strays_misses_by_three_pixels_but_the_first_lies_in_the_object(truth: np.ndarray):
    user, draw = User(stray=3.0), np.random.default_rng(0)
    half = truth & (np.arange(80) < 40)
    (y, x), _ = EXACT.next_click(half, truth, draw)
    later = [user.next_click(half, truth, draw)[0] for _ in range(400)]
    away = np.array([np.hypot(at[0] - y, at[1] - x) for at in later])
    assert set(np.round(away, 6)) == {0.0, 3.0}
    assert 0.02 < (away > 0).mean() < 0.09
    thin = np.zeros_like(truth)
    thin[30, 10:70] = True
    first = [SLOPPY.next_click(np.zeros_like(thin), thin, draw)[0] for _ in range(100)]
    assert all(thin[round(y), round(x)] for y, x in first)  # thin as it is, nothing else is to be seen yet


def test_errors_at_least_two_pixels_deep_are_seen(truth: np.ndarray):
    mask = truth.copy()
    mask[20:22, 30:51] = False  # two rows: no pixel is deeper than one
    assert SLOPPY.next_click(mask, truth, rng()) is None
    mask[22, 30:51] = False
    assert SLOPPY.next_click(mask, truth, rng()) is not None


def test_in_a_volume_the_middle_is_by_its_spacing():
    truth = np.zeros((9, 30, 40), bool)
    truth[2:7, 10:21, 10:31] = True  # 5 slices of 4 um, 11 x 21 pixels of 1 um
    point, remove = EXACT.next_click(np.zeros_like(truth), truth, rng(), (4.0, 1.0, 1.0))
    assert not remove
    assert point[1] == 15
    assert 15 <= point[2] <= 25
    assert 3 <= point[0] <= 5
