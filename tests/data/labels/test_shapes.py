"""Other shapes of an object, worked by hand; do, undo and redo are exact."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels import shapes
from napari_apprentice.data.labels.reshaping import ObjectInFrame
from napari_apprentice.errors import UserError

FLAT = (1.0, 1.0, 1.0)


def plane(*rows: str):
    """Labels and confirmed of one slice: digits are ids, "." is background."""
    ids = np.array([[0 if sign == "." else int(sign) for sign in row] for row in rows], np.uint32)
    return ids[None, None], np.zeros((1, 1, *ids.shape), np.uint8)


def drawn(labels: np.ndarray) -> list[str]:
    return ["".join("." if one == 0 else str(one) for one in row) for row in labels[0, 0]]


def applied(labels, confirmed, delta) -> None:
    """Apply an edit, take it back, apply it again; both are exact."""
    arrays = labels, confirmed
    before = [array.copy() for array in arrays]
    delta.apply(labels, confirmed)
    after = [array.copy() for array in arrays]
    delta.inverse().apply(labels, confirmed)
    assert all(np.array_equal(*pair) for pair in zip(before, arrays, strict=True))
    delta.apply(labels, confirmed)
    assert all(np.array_equal(*pair) for pair in zip(after, arrays, strict=True))


def test_holes_are_filled_but_for_what_is_confirmed_of_others() -> None:
    labels, confirmed = plane(".11111", ".1.213", ".1.311", ".11111")
    confirmed[0, 0, 1, 3] = 2  # the 2 is another object that was approved, the 3 beside it nobody looked at
    applied(labels, confirmed, shapes.fill_holes(labels, confirmed, ObjectInFrame.at(labels, (0, 0, 0, 1))))
    assert drawn(labels) == [".11111", ".11213", ".11111", ".11111"]
    assert ((confirmed[0, 0] == 2) == (labels[0, 0] == 1) | (labels[0, 0] == 2)).all()


def test_object_without_holes_says_so() -> None:
    labels, confirmed = plane("111", "1.1")
    with pytest.raises(UserError, match="no hole"):
        shapes.fill_holes(labels, confirmed, ObjectInFrame.at(labels, (0, 0, 0, 0)))


def test_hole_that_is_open_in_the_next_slice_is_one_of_its_slice_only() -> None:
    labels = np.zeros((1, 3, 5, 5), np.uint32)
    labels[0, :, 1:4, 1:4] = 6
    labels[0, 1:, 2, 2] = 0  # from the middle slice out through the last
    confirmed = np.zeros(labels.shape, np.uint8)
    one = ObjectInFrame.at(labels, (0, 1, 1, 1))
    with pytest.raises(UserError, match="no hole"):
        shapes.fill_holes(labels, confirmed, one)
    applied(labels, confirmed, shapes.fill_holes(labels, confirmed, one.section(1)))
    assert (labels[0, :, 2, 2] == [6, 6, 0]).all()
    assert (confirmed[0, 1] == 2).sum() == 9
    assert not confirmed[0, ::2].any()
    labels[0, 1, 2, 2] = confirmed[0, 1, 2, 2] = 0
    labels[0, 2, 2, 2] = 6
    applied(labels, confirmed, shapes.fill_holes(labels, confirmed, one.at(labels, (0, 1, 1, 1))))
    assert (labels == 6).sum() == 27, "closed on all sides"


def test_growing_stops_at_other_objects() -> None:
    labels, confirmed = plane("......", "..1...", "...2..", "......")
    confirmed[0, 0, 1, 1] = 1  # background that the user confirmed
    applied(labels, confirmed, shapes.grow(labels, confirmed, ObjectInFrame.at(labels, (0, 0, 1, 2)), 1.5, FLAT))
    assert drawn(labels) == [".111..", ".111..", ".112..", "......"]
    assert ((confirmed[0, 0] == 2) == (labels[0, 0] == 1)).all()


def test_shrinking_is_the_way_back_from_growing() -> None:
    labels, confirmed = plane(".......", ".......", "..111..", "..111..", "..111..", ".......", ".......")
    start = labels.copy()
    at = (0, 0, 3, 3)
    applied(labels, confirmed, shapes.grow(labels, confirmed, ObjectInFrame.at(labels, at), 1.0, FLAT))
    assert drawn(labels)[1:3] == ["..111..", ".11111."]
    applied(labels, confirmed, shapes.shrink(labels, confirmed, ObjectInFrame.at(labels, at), 1.0, FLAT))
    np.testing.assert_array_equal(labels, start)
    assert (confirmed[0, 0, 1, 2:5] == 1).all(), "what it lost is background"
    applied(labels, confirmed, shapes.grow(labels, confirmed, ObjectInFrame.at(labels, at), 1.0, FLAT))
    assert drawn(labels)[1:3] == ["..111..", ".11111."], "its own background holds nothing up"


def test_an_object_does_not_shrink_where_the_image_cuts_it() -> None:
    labels, confirmed = plane("1111.", "1111.", "1111.", ".....")
    applied(labels, confirmed, shapes.shrink(labels, confirmed, ObjectInFrame.at(labels, (0, 0, 0, 0)), 1.0, FLAT))
    assert drawn(labels) == ["111..", "111..", ".....", "....."]


@pytest.mark.parametrize(("distance", "said"), [(0.4, "less than a pixel"), (2.0, "Nothing of the object")])
def test_shrinking_that_leaves_all_or_nothing_says_so(distance: float, said: str) -> None:
    labels, confirmed = plane(".....", ".111.", ".111.", ".111.", ".....")
    with pytest.raises(UserError, match=said):
        shapes.shrink(labels, confirmed, ObjectInFrame.at(labels, (0, 0, 2, 2)), distance, FLAT)
    if distance < 1:
        with pytest.raises(UserError, match="does not grow"):
            shapes.grow(labels, confirmed, ObjectInFrame.at(labels, (0, 0, 2, 2)), distance, FLAT)


def test_distances_are_those_of_space() -> None:
    labels = np.zeros((1, 5, 11, 11), np.uint32)
    labels[0, 2, 5, 5] = 1
    confirmed = np.zeros(labels.shape, np.uint8)
    steps = (2.0, 0.5, 0.5)  # um
    one = ObjectInFrame.at(labels, (0, 2, 5, 5))
    grown = labels.copy()
    shapes.grow(labels, confirmed, one, 1.0, steps).apply(grown, confirmed.copy())
    assert [int(grown[0, z].sum()) for z in range(5)] == [0, 0, 13, 0, 0], "a disk of two pixels, in its slice"
    applied(labels, confirmed, shapes.grow(labels, confirmed, one, 2.0, steps))
    assert [int(labels[0, z].sum()) for z in range(5)] == [0, 1, 49, 1, 0], "four pixels, and a slice above and below"
    one = ObjectInFrame.at(labels, (0, 2, 5, 5))
    applied(labels, confirmed, shapes.shrink(labels, confirmed, one.section(2), 1.0, steps))
    assert [int(labels[0, z].sum()) for z in range(5)] == [0, 1, 13, 1, 0]


def test_smoothing_takes_a_spike_fills_a_notch_and_keeps_the_size() -> None:
    labels = np.zeros((1, 1, 40, 40), np.uint32)
    labels[0, 0, 10:30, 10:30] = 7
    labels[0, 0, 4:10, 15] = 7  # a spike
    labels[0, 0, 24:30, 25] = 0  # a notch
    confirmed = np.zeros(labels.shape, np.uint8)
    applied(labels, confirmed, shapes.smooth(labels, confirmed, ObjectInFrame.at(labels, (0, 0, 20, 20)), 2.0, FLAT))
    assert not labels[0, 0, 4:9].any()
    assert labels[0, 0, 24:28, 25].all()
    assert abs(int((labels == 7).sum()) - 400) <= 8
    assert ((confirmed == 2) == (labels == 7)).all()


def test_smoothing_leaves_touching_objects_alone() -> None:
    labels = np.zeros((1, 1, 30, 30), np.uint32)
    labels[0, 0, 5:25, 5:15] = 1
    labels[0, 0, 5:25, 15:25] = 2
    labels[0, 0, 14, 15:18] = 1  # a spike into the other
    labels[0, 0, 8, 12:15] = 2  # and one of the other
    confirmed = np.zeros(labels.shape, np.uint8)
    before = labels.copy()
    applied(labels, confirmed, shapes.smooth(labels, confirmed, ObjectInFrame.at(labels, (0, 0, 20, 8)), 2.0, FLAT))
    np.testing.assert_array_equal(labels == 2, before == 2)
    assert not labels[0, 0, 14, 16:18].any()
