"""An object filled in between slices and copied on, worked by hand; do, undo and redo are exact."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels.between_slices import copy_section, interpolate
from napari_apprentice.errors import UserError


@pytest.fixture
def volume():
    """Nothing labelled, nothing confirmed: 2 frames, 7 slices of 11 x 15."""
    return np.zeros((2, 7, 11, 15), np.uint32), np.zeros((2, 7, 11, 15), np.uint8)


def section(volume, z: int, y: slice, x: slice, value: int = 4, sure: int = 2, t: int = 0) -> None:
    labels, confirmed = volume
    labels[t, z, y, x], confirmed[t, z, y, x] = value, sure


def applied(volume, delta) -> None:
    """Apply an edit, take it back, apply it again; both are exact."""
    labels, confirmed = volume
    before = labels.copy(), confirmed.copy()
    delta.apply(labels, confirmed)
    after = labels.copy(), confirmed.copy()
    delta.inverse().apply(labels, confirmed)
    assert all(np.array_equal(*pair) for pair in zip(before, volume, strict=True))
    delta.apply(labels, confirmed)
    assert all(np.array_equal(*pair) for pair in zip(after, volume, strict=True))


def test_width_goes_evenly_from_one_section_to_the_next(volume) -> None:
    labels, confirmed = volume
    section(volume, 1, slice(0, 11), slice(6, 9))  # |x - 7| <= 1
    section(volume, 5, slice(0, 11), slice(2, 13))  # |x - 7| <= 5
    applied(volume, interpolate(labels, confirmed, (0, 1, 5, 7)))
    widths = [int((labels[0, z, 5] == 4).sum()) for z in range(7)]
    assert widths == [0, 3, 5, 7, 9, 11, 0]
    assert (labels[0, 3, 5, 4:11] == 4).all(), "in the middle"
    assert ((confirmed == 2) == (labels == 4)).all()
    assert not labels[1].any()


def test_sections_of_a_slanted_object_need_not_overlap(volume) -> None:
    labels, confirmed = volume
    section(volume, 0, slice(1, 4), slice(0, 3))
    section(volume, 4, slice(5, 8), slice(8, 11))
    applied(volume, interpolate(labels, confirmed, (0, 4, 6, 9)))
    for z in range(5):
        expected = np.zeros((11, 15), bool)
        expected[1 + z : 4 + z, 2 * z : 3 + 2 * z] = True
        np.testing.assert_array_equal(labels[0, z] == 4, expected)


def test_each_gap_is_filled_and_slices_beyond_the_last_section_are_not(volume) -> None:
    labels, confirmed = volume
    for z in (0, 2, 5):
        section(volume, z, slice(3, 6), slice(3, 6))
    section(volume, 6, slice(3, 6), slice(3, 6), sure=0)  # proposed, and nobody looked at it
    applied(volume, interpolate(labels, confirmed, (0, 2, 4, 4)))
    assert [int((confirmed[0, z] == 2).sum()) for z in range(7)] == [9, 9, 9, 9, 9, 9, 0]
    assert (labels[0, 6] == 4).sum() == 9


def test_what_was_proposed_is_replaced_and_what_others_have_confirmed_is_not(volume) -> None:
    labels, confirmed = volume
    for z in (1, 3):
        section(volume, z, slice(2, 7), slice(2, 7))
    section(volume, 2, slice(2, 9), slice(2, 4), sure=3)  # of the object itself, kept since the last stroke
    section(volume, 2, slice(2, 3), slice(4, 10), value=5, sure=0)  # proposed
    section(volume, 2, slice(3, 4), slice(4, 10), value=6)
    section(volume, 2, slice(4, 5), slice(4, 10), value=7, sure=3)
    section(volume, 2, slice(5, 6), slice(4, 10), value=0, sure=1)
    applied(volume, interpolate(labels, confirmed, (0, 1, 4, 4)))
    assert (labels[0, 2, 2:7, 2:4] == 4).all()
    assert (labels[0, 2, 2, 4:7] == 4).all()
    assert (labels[0, 2, 2, 7:10] == 5).all()
    assert [int(labels[0, 2, y, 5]) for y in (3, 4, 5, 6)] == [6, 7, 0, 4]
    assert (labels[0, 2, 7:9, 2:4] == 0).all()
    assert (confirmed[0, 2, 7:9, 2:4] == 1).all(), "what it loses is background"
    assert [int(confirmed[0, 2, y, 5]) for y in (3, 4, 5, 6)] == [2, 3, 1, 2]


def test_without_two_sections_apart_it_says_what_to_do(volume) -> None:
    labels, confirmed = volume
    section(volume, 1, slice(2, 5), slice(2, 5))
    section(volume, 2, slice(2, 5), slice(2, 5))
    with pytest.raises(UserError, match="in two slices with others between them"):
        interpolate(labels, confirmed, (0, 1, 3, 3))
    with pytest.raises(UserError, match="no object here"):
        interpolate(labels, confirmed, (0, 1, 9, 9))


def test_copy_makes_the_section_that_of_the_slice_before(volume) -> None:
    labels, confirmed = volume
    section(volume, 3, slice(2, 5), slice(2, 6), sure=0)
    section(volume, 2, slice(4, 6), slice(5, 7), sure=0)
    section(volume, 2, slice(2, 3), slice(2, 4), value=8)
    applied(volume, copy_section(labels, confirmed, (0, 3, 3, 3), -1))
    expected = np.zeros((11, 15), np.uint32)
    expected[2:5, 2:6] = 4
    expected[2, 2:4] = 8
    np.testing.assert_array_equal(labels[0, 2, :5], expected[:5])
    assert (confirmed[0, 2][expected > 0] == 2).all()
    assert not confirmed[0, 3].any(), "nothing is said of the slice it was taken from"


def test_copy_beyond_the_last_slice_is_refused(volume) -> None:
    labels, confirmed = volume
    section(volume, 6, slice(2, 5), slice(2, 6))
    with pytest.raises(UserError, match="no slice further on"):
        copy_section(labels, confirmed, (0, 6, 3, 3), 1)
