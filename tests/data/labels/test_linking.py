"""Objects keep their ids through time."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data.labels.linking import link_frame


def _frame(*objects: tuple[int, int, int]) -> np.ndarray:
    """Squares of 4 x 4 with an id, at y and x; (1, 20, 20)."""
    labels = np.zeros((1, 20, 20), np.uint32)
    for value, y, x in objects:
        labels[0, y : y + 4, x : x + 4] = value
    return labels


def test_what_moves_a_little_keeps_its_id_and_what_is_new_gets_a_free_one() -> None:
    linked, free = link_frame(_frame((7, 0, 0), (9, 10, 10)), _frame((1, 11, 11), (2, 0, 2), (3, 15, 0)), 10)
    np.testing.assert_array_equal(linked, _frame((9, 11, 11), (7, 0, 2), (10, 15, 0)))
    assert free == 11


def test_what_moves_by_more_than_its_width_is_new() -> None:
    linked, free = link_frame(_frame((7, 0, 0)), _frame((1, 0, 4)), 8)
    np.testing.assert_array_equal(linked, _frame((8, 0, 4)))
    assert free == 9


def test_of_two_daughters_the_larger_overlap_goes_on() -> None:
    before = _frame((3, 8, 8), (3, 8, 12))
    now = np.where(before > 0, 1, 0).astype(np.uint32)
    now[0, 8:12, 13:16] = 2
    linked, free = link_frame(before, now, 4)
    assert (linked[0, 9, 9], linked[0, 9, 15], free) == (3, 4, 5)


def test_empty_frames() -> None:
    empty = _frame()
    assert link_frame(empty, empty, 1)[1] == 1
    np.testing.assert_array_equal(link_frame(empty, _frame((5, 1, 1)), 1)[0], _frame((1, 1, 1)))
    np.testing.assert_array_equal(link_frame(_frame((5, 1, 1)), empty, 6)[0], empty)
