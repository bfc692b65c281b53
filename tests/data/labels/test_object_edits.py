"""Whole objects are merged and deleted: small arrays, worked by hand; do, undo, redo."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.object_edits import delete_object, merge_objects, separate_piece
from napari_apprentice.errors import UserError


def row(*, depth: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Objects 3, 5, 7 and 3 again, touching each other, in two frames and ``depth`` slices."""
    labels = np.zeros((2, depth, 3, 9), np.uint32)
    labels[..., 1, :8] = [3, 3, 5, 5, 7, 7, 0, 3]
    return labels, np.zeros(labels.shape, np.uint8)


def done(delta: Delta, labels: np.ndarray, confirmed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Do, undo and redo from its record."""
    before = labels.copy(), confirmed.copy()
    delta.apply(labels, confirmed)
    after = labels.copy(), confirmed.copy()
    delta.inverse().apply(labels, confirmed)
    np.testing.assert_array_equal((labels, confirmed), before)
    Delta.from_bytes(delta.to_bytes()).apply(labels, confirmed)
    np.testing.assert_array_equal((labels, confirmed), after)
    return after


def test_objects_become_the_first_one_in_all_slices_of_their_frame() -> None:
    labels, confirmed = row(depth=2)
    delta = merge_objects(labels, confirmed, [(0, 1, 1, 2), (0, 1, 1, 6), (0, 1, 1, 5)])
    after, sure = done(delta, labels, confirmed)
    assert after[0, :, 1].tolist() == [[3, 3, 5, 5, 5, 5, 0, 3, 0]] * 2
    assert sure[0, :, 1].tolist() == [[0, 0, 2, 2, 2, 2, 0, 0, 0]] * 2
    assert after[1, 0, 1].tolist() == [3, 3, 5, 5, 7, 7, 0, 3, 0]
    assert not sure[1].any()


def test_the_piece_of_an_object_that_lies_apart_comes_along() -> None:
    labels, confirmed = row()
    after, sure = done(merge_objects(labels, confirmed, [(0, 0, 1, 4), (0, 0, 1, 0)]), labels, confirmed)
    assert after[0, 0, 1].tolist() == [7, 7, 5, 5, 7, 7, 0, 7, 0]
    assert sure[0, 0, 1].tolist() == [2, 2, 0, 0, 2, 2, 0, 2, 0]


def test_in_one_slice_the_others_stay() -> None:
    labels, confirmed = row(depth=3)
    delta = merge_objects(labels, confirmed, [(0, 1, 1, 5), (0, 1, 1, 3), (0, 2, 1, 0)], one_slice=True)
    after, sure = done(delta, labels, confirmed)
    assert after[0, :, 1, :6].tolist() == [[3, 3, 5, 5, 7, 7], [3, 3, 7, 7, 7, 7], [3, 3, 5, 5, 7, 7]]
    assert sure[0, :, 1].sum(axis=1).tolist() == [0, 8, 0]


def test_what_the_user_said_before_of_these_objects_gives_way_and_of_others_stays() -> None:
    labels, confirmed = row()
    confirmed[0, 0, 1] = [2, 2, 2, 3, 0, 3, 1, 3, 1]
    after, sure = done(merge_objects(labels, confirmed, [(0, 0, 1, 2), (0, 0, 1, 5)]), labels, confirmed)
    assert after[0, 0, 1].tolist() == [3, 3, 5, 5, 5, 5, 0, 3, 0]
    assert sure[0, 0, 1].tolist() == [2, 2, 2, 2, 2, 2, 1, 3, 1]


@pytest.mark.parametrize(
    "points",
    [
        [(0, 0, 1, 2), (0, 0, 1, 3)],
        [(0, 0, 0, 0), (0, 0, 1, 6)],
        [(0, 0, 1, 2), (1, 0, 1, 4)],
        [(0, 0, 1, 2), (0, 0, 1, -4), (0, 0, 1, 99)],
        [(5, 0, 1, 2)],
    ],
    ids=["one object", "none", "another frame", "outside", "no such frame"],
)
def test_without_two_objects_one_sentence_says_so(points) -> None:
    labels, confirmed = row()
    with pytest.raises(UserError, match="drag from one object through"):
        merge_objects(labels, confirmed, points)


def test_a_deleted_object_is_confirmed_background_in_its_frame_and_its_hole_says_nothing() -> None:
    labels, confirmed = np.zeros((2, 2, 5, 6), np.uint32), np.zeros((2, 2, 5, 6), np.uint8)
    labels[:, :, 1:4, 1:4], labels[:, :, 1:4, 4] = 2, 9
    labels[:, :, 2, 2] = 0
    confirmed[0, 0, 1, 1:3], confirmed[0, 0, 1, 4] = (2, 3), 2
    after, sure = done(delete_object(labels, confirmed, (0, 1, 1, 1), "instances"), labels, confirmed)
    assert after[0, 0].tolist() == [[0] * 6, *[[0, 0, 0, 0, 9, 0]] * 3, [0] * 6]
    assert sure[0, 0].tolist() == [[0] * 6, [0, 1, 1, 1, 2, 0], [0, 1, 0, 1, 0, 0], [0, 1, 1, 1, 0, 0], [0] * 6]
    assert sure[0, 1].sum() == 8
    assert (after[1] == 2).sum() == 16
    assert not sure[1].any()


def test_a_deleted_area_of_a_class_is_what_hangs_together_in_its_slice() -> None:
    labels, confirmed = row(depth=2)
    after, _ = done(delete_object(labels, confirmed, (0, 1, 1, 0), "classes"), labels, confirmed)
    assert after[0, :, 1].tolist() == [[3, 3, 5, 5, 7, 7, 0, 3, 0], [0, 0, 5, 5, 7, 7, 0, 3, 0]]


def test_where_no_object_is_there_is_none_to_delete() -> None:
    labels, confirmed = row()
    for point in ((0, 0, 0, 0), (0, 0, 1, 99)):
        with pytest.raises(UserError, match="no object here to delete"):
            delete_object(labels, confirmed, point, "instances")


def test_a_piece_that_lies_apart_gets_an_id_of_its_own_and_both_are_confirmed() -> None:
    labels, confirmed = row(depth=2)
    after, sure = done(separate_piece(labels, confirmed, (0, 1, 1, 7), free=9), labels, confirmed)
    assert after[0, :, 1].tolist() == [[3, 3, 5, 5, 7, 7, 0, 9, 0]] * 2
    assert sure[0, :, 1].tolist() == [[2, 2, 0, 0, 0, 0, 0, 2, 0]] * 2
    assert after[1, 0, 1].tolist() == [3, 3, 5, 5, 7, 7, 0, 3, 0]


def test_a_piece_of_a_slice_gets_an_id_there() -> None:
    labels, confirmed = row(depth=2)
    labels[0, 0, 1, 6] = 3  # above it hangs together
    labels[0, 0, 1, 2:6] = 3
    with pytest.raises(UserError, match="in one piece"):
        separate_piece(labels, confirmed, (0, 1, 1, 7), free=9)
    after, sure = done(separate_piece(labels, confirmed, (0, 1, 1, 7), free=9, one_slice=True), labels, confirmed)
    assert after[0, :, 1].tolist() == [[3, 3, 3, 3, 3, 3, 3, 3, 0], [3, 3, 5, 5, 7, 7, 0, 9, 0]]
    assert sure[0, :, 1].tolist() == [[0] * 9, [2, 2, 0, 0, 0, 0, 0, 2, 0]]
