"""Mistakes counted on pictures small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.evaluation import Evaluation, ImageScore, Mistakes, score_classes, score_objects

TWO = np.array([[1, 1, 1, 1, 0, 2, 2, 2, 2, 0]] * 2)


def judged(found: np.ndarray, truth: np.ndarray = TWO) -> ImageScore:
    return score_objects("one", truth, found)


def test_the_same_objects_under_other_ids_are_right() -> None:
    score = judged(np.where(TWO == 1, 7, np.where(TWO == 2, 3, 0)))
    assert score.precision == (1, 1, 1)
    assert score.panoptic_quality == score.mean_dice == score.rank == 1
    assert score.mistakes == Mistakes()
    assert (score.annotated, score.found) == (2, 2)


def test_an_object_that_is_not_found_is_missed_and_one_that_is_not_there_false() -> None:
    found = np.where(TWO == 1, 1, 0)
    found[:, 9] = 5
    score = judged(found)
    assert score.mistakes == Mistakes(missed=1, false=1)
    assert score.precision == pytest.approx((1 / 3,) * 3)


def test_two_objects_in_one_are_merged_and_neither_missed_nor_false() -> None:
    found = np.zeros_like(TWO)
    found[:, :9] = 4
    assert judged(found).mistakes == Mistakes(merged=2)


def test_an_object_in_two_pieces_is_cut_also_where_one_of_them_is_large_enough_to_match() -> None:
    halves = np.where(TWO == 2, 2, 0)
    halves[:, :2], halves[:, 2:4] = 5, 6
    assert judged(halves).mistakes == Mistakes(cut=1)
    uneven = halves.copy()
    uneven[:, 2] = 5
    score = judged(uneven)
    assert score.mistakes == Mistakes(cut=1)
    assert score.precision == pytest.approx((2 / 3, 2 / 3, 1 / 4))  # of 3 : 1 the larger piece has an IoU of .75


def test_a_crumb_inside_is_false_and_no_piece() -> None:
    truth = np.ones((4, 10), int)
    found = truth.copy()
    found[0, 0] = 2  # a fortieth
    assert judged(found, truth).mistakes == Mistakes(false=1)


def test_an_empty_image_found_empty_is_right() -> None:
    nothing = np.zeros((3, 3), int)
    score = judged(nothing, nothing)
    assert score.precision == (1, 1, 1)
    assert score.mistakes == Mistakes()
    assert score.dice == {"foreground": None}
    assert score.mean_dice == 1


def test_classes_have_a_dice_each_and_no_objects() -> None:
    truth, found = np.array([[1, 1, 2, 2]]), np.array([[1, 2, 2, 2]])
    score = score_classes("one", truth, found, {1: "gland", 2: "stroma", 3: "fat"})
    assert score.dice == {"gland": pytest.approx(2 / 3), "stroma": pytest.approx(4 / 5), "fat": None}
    assert score.precision is None
    assert score.rank == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_images_are_averaged_and_mistakes_added_up() -> None:
    whole = Evaluation((judged(TWO), judged(np.where(TWO == 1, 1, 0))))
    assert whole.precision == (0.75, 0.75, 0.75)
    assert whole.mistakes == Mistakes(missed=1)
    assert whole.panoptic_quality == pytest.approx((1 + 1 / 1.5) / 2)
    assert whole.dice == {"foreground": pytest.approx((1 + 2 / 3) / 2)}
