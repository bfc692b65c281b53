"""Mistakes counted on pictures small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels.compared import ComparedObjects, WrongObject
from napari_apprentice.data.labels.evaluation import Evaluation, ImageScore, score_classes, score_objects
from napari_apprentice.data.labels.mistakes import KINDS, Mistakes

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


# annotated in part

U, B, L, K = 0, 1, 2, 3  # unknown, background, as labelled, kept


def test_where_nobody_knows_nothing_is_right_or_wrong() -> None:
    """Object 1 is approved, object 2 is not; what was found on 2 and beside it is nobody's mistake."""
    confirmed = np.where(TWO == 1, L, U)
    found = np.zeros_like(TWO)
    found[:, :4], found[:, 6:8], found[:, 9] = 1, 2, 3
    score = score_objects("one", TWO, found, confirmed)
    assert (score.annotated, score.found) == (1, 1)
    assert score.precision == (1, 1, 1)
    assert score.panoptic_quality == 1
    assert score.mistakes == Mistakes()
    assert score.dice == {"foreground": 1}
    assert score_objects("all", TWO, found).mistakes == Mistakes(false=1)  # 2 of 4 is an IoU of .50


def test_an_approved_object_is_missed_and_false_is_what_lies_mostly_on_background() -> None:
    confirmed = np.where(TWO == 1, L, U)
    confirmed[:, 4], confirmed[:, 9] = B, B
    found = np.zeros_like(TWO)
    found[:, 9] = 7
    score = score_objects("one", TWO, found, confirmed)
    assert score.mistakes == Mistakes(missed=1, false=1)
    assert (score.annotated, score.found) == (1, 1)
    assert score.precision == (0, 0, 0)
    found[:, 7:10] = 7  # of three columns one is known: more of it may be object 2
    assert score_objects("one", TWO, found, confirmed).mistakes == Mistakes(missed=1)


def test_half_an_object_confirmed_and_the_rest_kept_does_not_count() -> None:
    confirmed = np.where(TWO == 2, L, U)
    confirmed[:, 0:2], confirmed[:, 2:4] = L, K
    score = score_objects("one", TWO, np.zeros_like(TWO), confirmed)
    assert score.mistakes == Mistakes(missed=1)
    assert score.annotated == 1
    assert score.dice == {"foreground": 0}


def test_two_are_merged_only_when_both_are_known() -> None:
    one = np.zeros_like(TWO)
    one[:, :9] = 4
    both = np.where(TWO > 0, L, U)
    assert score_objects("one", TWO, one, both).mistakes == Mistakes(merged=2)
    only = np.where(TWO == 1, L, U)
    assert score_objects("one", TWO, one, only).mistakes == Mistakes(missed=1)


def test_a_cut_object_is_cut_and_its_pieces_are_not_false() -> None:
    confirmed = np.where(TWO == 1, L, U)
    pieces = np.zeros_like(TWO)
    pieces[:, :2], pieces[:, 2:4], pieces[:, 5:7], pieces[:, 7:9] = 1, 2, 3, 4
    assert score_objects("one", TWO, pieces, confirmed).mistakes == Mistakes(cut=1)


def test_all_confirmed_is_the_same_as_an_annotation_of_all() -> None:
    confirmed = np.where(TWO > 0, L, B)
    found = np.where(TWO == 1, 1, 0)
    found[:, 9] = 5
    assert score_objects("one", TWO, found, confirmed) == score_objects("one", TWO, found)


def test_slices_of_a_volume_are_judged_by_themselves_where_only_some_are_annotated() -> None:
    """One object through three slices, approved in the middle one; it was found there only."""
    truth = np.zeros((1, 3, 2, 6), int)
    truth[..., :3] = 1
    confirmed = np.zeros_like(truth)
    confirmed[0, 1] = np.where(truth[0, 1] > 0, L, B)
    found = np.zeros_like(truth)
    found[0, 1, :, :3] = 9
    compared = ComparedObjects(truth, found, confirmed)
    assert compared.by_slice
    assert (compared.annotated, compared.predicted, compared.mistakes) == (1, 1, Mistakes())
    assert score_objects("whole", truth, found).mistakes == Mistakes(missed=1, false=1)  # a third of it


def test_the_same_id_in_another_frame_is_another_object() -> None:
    truth = np.stack([TWO, TWO])[:, None]
    found = truth.copy()
    found[1] = 0
    score = score_objects("film", truth, found)
    assert (score.annotated, score.found, score.mistakes) == (4, 2, Mistakes(missed=2))
    assert score.precision == (0.5, 0.5, 0.5)


def test_classes_are_compared_where_they_are_known() -> None:
    truth, found = np.array([[1, 1, 2, 2]]), np.array([[1, 2, 2, 1]])
    score = score_classes("one", truth, found, {1: "gland", 2: "stroma"}, np.array([[L, L, L, U]]))
    assert score.dice == {"gland": pytest.approx(2 / 3), "stroma": pytest.approx(2 / 3)}


# where the mistakes are


def test_every_mistake_has_a_place_and_a_size() -> None:
    truth = np.zeros((1, 2, 12, 12), int)
    truth[0, 0, 1:6, 1:6], truth[0, :, 7:10, 7:12] = 4, 8
    found = np.zeros_like(truth)
    found[0, 1, 0:3, 8:11] = 3
    compared = ComparedObjects(truth, found)
    assert compared.wrong() == [
        WrongObject("missed", (0, 0, 3, 3), 25),
        WrongObject("missed", (0, 0, 8, 9), 30),
        WrongObject("false", (0, 1, 1, 9), 9),
    ]


def test_outlines_are_two_voxels_wide_and_tell_the_kind() -> None:
    truth = np.zeros((1, 1, 9, 16), int)
    truth[0, 0, 1:8, 1:8] = 4
    found = np.zeros_like(truth)
    found[0, 0, 2:5, 10:13] = 3
    marks = ComparedObjects(truth, found).outlines()[0, 0]
    missed = (truth[0, 0] > 0).astype(int)
    missed[3:6, 3:6] = 0
    assert (np.equal(marks, KINDS.index("missed") + 1) == missed).all()
    assert (np.equal(marks, KINDS.index("false") + 1) == (found[0, 0] > 0)).all()
    assert not ComparedObjects(truth, truth).outlines().any()


def test_classes_have_mean_iou_and_pixel_accuracy() -> None:
    truth = np.array([[[[1, 1, 2, 2], [0, 0, 2, 2]]]], np.uint32)
    found = np.array([[[[1, 0, 2, 2], [0, 0, 2, 1]]]], np.uint32)
    score = score_classes("a", truth, found, {1: "core", 2: "rim"})
    assert score.mean_iou == pytest.approx((1 / 3 + 3 / 4) / 2)
    assert score.pixel_accuracy == 6 / 8
    known = np.array([[[[2, 0, 2, 2], [1, 1, 2, 0]]]], np.uint8)  # only what is confirmed counts
    assert score_classes("a", truth, found, {1: "core", 2: "rim"}, known).pixel_accuracy == 1.0
    both = Evaluation((score, score))
    assert (both.mean_iou, both.pixel_accuracy) == (pytest.approx(score.mean_iou), 6 / 8)
