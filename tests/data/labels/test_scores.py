"""Scores against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_apprentice.data.labels.scores import (
    Matches,
    average_precision,
    dice,
    dice_parts,
    matches,
    matches_within,
    mean_dice,
)


def _row(*values: int) -> np.ndarray:
    return np.array([values], np.uint32)


def _all(m: Matches) -> tuple[int, int, int]:
    return m.true_positives, m.false_positives, m.false_negatives


def test_hand_worked_counts() -> None:
    # object 1: 4 of 4 (IoU 1); object 2: 3 shared, union 5 (IoU .6); object 3 missed; 9 is spurious
    truth = _row(1, 1, 1, 1, 2, 2, 2, 2, 0, 3, 3, 0, 0)
    found = _row(5, 5, 5, 5, 0, 7, 7, 7, 7, 0, 0, 9, 9)
    half, three_quarters = matches(truth, found, (0.5, 0.75))
    assert _all(half) == (2, 1, 1)
    assert _all(three_quarters) == (1, 2, 2)
    assert half.average_precision == pytest.approx(2 / 4)
    assert three_quarters.average_precision == pytest.approx(1 / 5)
    assert half.panoptic_quality == pytest.approx(1.6 / 3)
    assert half.f1 == pytest.approx(4 / 6)
    assert average_precision(truth, found) == 0.5


def test_an_exact_half_matches_once_only() -> None:
    assert _all(matches(_row(1, 1, 1, 1), _row(1, 1, 2, 2), (0.5,))[0]) == (1, 1, 0)


def test_below_one_half_the_best_assignment_counts() -> None:
    # 1-5 share 2 of 6, 1-6 share 2 of 5, 2-6 share 1 of 3: greedy would take 1-6 and leave 2 alone
    truth, found = _row(1, 1, 1, 1, 2, 0, 0), _row(5, 5, 6, 6, 6, 5, 5)
    assert _all(matches(truth, found, (0.1,))[0]) == (2, 0, 0)


def test_empty_cases() -> None:
    nothing, one = _row(0, 0), _row(0, 1)
    assert _all(matches(nothing, nothing, (0.5,))[0]) == (0, 0, 0)
    assert average_precision(nothing, nothing) == 1.0
    assert average_precision(one, nothing) == average_precision(nothing, one) == 0.0
    assert matches(nothing, nothing, (0.5,))[0].panoptic_quality == 1.0


def test_counts_of_images_add_up() -> None:
    a, b = Matches(0.5, 1, 2, 3, 0.75), Matches(0.5, 4, 0, 0, 3.0)
    assert a + b == Matches(0.5, 5, 2, 3, 3.75)
    with pytest.raises(ValueError, match="added"):
        a + Matches(0.75, 0, 0, 0)


labels = hnp.arrays(np.uint32, (2, 6, 7), elements=st.sampled_from([0, 1, 2, 3, 2**32 - 1]))


@settings(max_examples=150, deadline=None)
@given(labels, labels, st.sampled_from([0.2, 0.5, 0.7]))
def test_matching_agrees_with_trying_all_pairs(truth: np.ndarray, found: np.ndarray, threshold: float) -> None:
    ids, others = [set(np.unique(a)) - {0} for a in (truth, found)]
    good = {
        (a, b)
        for a in ids
        for b in others
        if ((truth == a) & (found == b)).sum() >= threshold * ((truth == a) | (found == b)).sum()
        and ((truth == a) & (found == b)).any()
    }

    def most(pairs: set[tuple[int, int]]) -> int:
        if not pairs:
            return 0
        a, b = next(iter(pairs))
        rest = pairs - {(a, b)}
        return max(most(rest), 1 + most({(c, d) for c, d in rest if c != a and d != b}))

    result = matches(truth, found, (threshold,))[0]
    tp = most(good)
    assert _all(result) == (tp, len(others) - tp, len(ids) - tp)


@settings(max_examples=150, deadline=None)
@given(labels, labels)
def test_fully_confirmed_partial_scores_are_the_scores(truth: np.ndarray, found: np.ndarray) -> None:
    confirmed = np.where(truth > 0, 2, 1).astype(np.uint8)
    assert matches_within(truth, found, confirmed, sections=False) == matches(truth, found)
    by_slice = [sum(rows[1:], start=rows[0]) for rows in zip(*map(matches, truth, found), strict=True)]
    for one, two in zip(matches_within(truth, found, confirmed), by_slice, strict=True):
        assert _all(one) == _all(two)
        assert one.iou_sum == pytest.approx(two.iou_sum)


def test_only_whole_objects_and_what_lies_on_known_ground_count() -> None:
    truth = _row(1, 1, 1, 0, 0, 0, 2, 2, 0, 0, 3, 3)
    confirmed = np.array([[2, 2, 2, 0, 1, 1, 2, 0, 0, 0, 2, 2]], np.uint8)
    found = _row(1, 1, 1, 1, 4, 4, 5, 5, 6, 6, 0, 0)
    # 1 found (IoU 3/4), 4 spurious on confirmed background, 2 is not whole so 5 is not judged, 6 unknown, 3 missed
    assert _all(matches_within(truth, found, confirmed, (0.5,))[0]) == (1, 1, 1)


def test_an_object_confirmed_on_one_slice_is_judged_there() -> None:
    truth = np.zeros((3, 4, 4), np.uint32)
    truth[:, 1:3, 1:3] = 1
    confirmed = np.zeros((3, 4, 4), np.uint8)
    confirmed[1] = np.where(truth[1] > 0, 2, 0)
    assert _all(matches_within(truth, truth, confirmed, (0.9,))[0]) == (1, 0, 0)
    assert _all(matches_within(truth, truth, confirmed, (0.9,), sections=False)[0]) == (0, 0, 0)


def test_dice_by_class() -> None:
    truth, found = _row(1, 1, 1, 0, 2, 0), _row(1, 1, 0, 0, 0, 2)
    scores = dice(truth, found, (1, 2, 3))
    assert scores == {1: pytest.approx(4 / 5), 2: 0.0, 3: None}
    assert mean_dice(scores) == pytest.approx(0.4)
    assert mean_dice({3: None}) == 1.0
    assert dice(truth, found, (2,), mask=_row(1, 1, 1, 0, 0, 0)) == {2: None}


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        matches(_row(1), _row(1, 2))


def test_parts_of_dice_add_up_over_images() -> None:
    one = dice_parts(_row(1, 1, 1, 0), _row(1, 1, 0, 0), (1, 2))
    assert one == {1: (4, 5), 2: (0, 0)}
