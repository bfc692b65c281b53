"""Intervals: seeded, by group, and as often right as they say."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from apprentice_lab.scoring.intervals import Estimate, means, ratios


def test_pooled_and_mean_differ_as_worked_out_by_hand() -> None:
    # 1 of 2 found in one image, 9 of 10 in the other: pooled 10/12, mean (.5 + .9) / 2
    parts, wholes = [[1.0], [9.0]], [[2.0], [10.0]]
    assert ratios(parts, wholes, ["a", "b"]).estimates()[0].value == pytest.approx(10 / 12)
    assert means([[0.5], [0.9]], ["a", "b"]).estimates()[0].value == pytest.approx(0.7)


def test_two_groups_are_drawn_in_three_ways() -> None:
    draws = means([[0.0], [1.0]], ["a", "b"]).draws
    assert draws is not None
    values, counts = np.unique(draws, return_counts=True)
    assert values.tolist() == [0.0, 0.5, 1.0]
    assert counts / counts.sum() == pytest.approx([0.25, 0.5, 0.25], abs=0.03)


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    table = np.random.default_rng(3).random((20, 1))
    groups = [str(i) for i in range(20)]
    assert means(table, groups, seed=1).estimates() == means(table, groups, seed=1).estimates()
    assert means(table, groups, seed=1).estimates() != means(table, groups, seed=2).estimates()


def test_a_single_group_has_no_interval() -> None:
    assert means([[0.2], [0.4]], ["one", "one"]).estimates() == [Estimate(pytest.approx(0.3))]


def test_copies_of_an_image_in_one_group_do_not_make_it_surer() -> None:
    scores = np.random.default_rng(0).random((12, 1))
    groups = [str(i) for i in range(12)]
    alone = means(scores, groups).estimates()[0]
    tiles = means(np.repeat(scores, 9, axis=0), list(np.repeat(groups, 9))).estimates()[0]
    torn = means(np.repeat(scores, 9, axis=0), [str(i) for i in range(108)]).estimates()[0]
    assert astuple(tiles) == pytest.approx(astuple(alone))
    assert _width(torn) < _width(alone) / 2


def test_the_interval_covers_a_known_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    tries, images = 200, 40
    found = means(rng.beta(4, 2, (images, tries)), [str(i) for i in range(images)], draws=500).estimates()
    covered = np.mean([one.low <= 4 / 6 <= one.high for one in found])
    assert 0.88 <= covered <= 0.99


def test_an_image_without_a_score_is_left_out_and_nothing_at_all_is_right() -> None:
    assert means([[0.5], [np.nan], [0.7]], ["a", "b", "c"]).estimates()[0].value == pytest.approx(0.6)
    assert ratios([[0.0], [0.0]], [[0.0], [0.0]], ["a", "b"]).estimates() == [Estimate(1.0, 1.0, 1.0)]


def test_the_mean_of_columns_is_drawn_with_them() -> None:
    both = means([[0.0, 0.4], [1.0, 0.6]], ["a", "b"]).with_mean_of(slice(0, 2))
    assert both.values.tolist() == pytest.approx([0.5, 0.5, 0.5])
    assert both.draws is not None
    assert both.draws[:, 2] == pytest.approx(both.draws[:, :2].mean(axis=1))


def _width(one: Estimate) -> float:
    assert one.low is not None
    assert one.high is not None
    return one.high - one.low
