from __future__ import annotations

import numpy as np

from napari_apprentice.gui.confirmed_marks import DOTS, HATCH, OUTLINE, ConfirmedBodies, ConfirmedMarks, marks


def two_squares() -> tuple[np.ndarray, np.ndarray]:
    """Objects 1 and 2 of 4 x 4 pixels that touch, and one, 3, that nobody looked at."""
    labels = np.zeros((8, 16), np.uint32)
    labels[2:6, 2:6], labels[2:6, 6:10], labels[2:6, 11:15] = 1, 2, 3
    confirmed = np.zeros(labels.shape, np.uint8)
    confirmed[2:6, 2:10] = 2
    return labels, confirmed


def test_objects_that_touch_have_an_outline_each_and_what_is_not_confirmed_has_none():
    labels, confirmed = two_squares()
    drawn = marks(labels, confirmed)
    expected = np.zeros(labels.shape, np.uint8)
    expected[2:6, 2:10] = OUTLINE
    expected[3:5, 3:5] = expected[3:5, 7:9] = 0
    assert (drawn == expected).all()


def test_confirmed_background_is_hatched_in_one_pattern_wherever_it_begins():
    labels, confirmed = np.zeros((16, 16), np.uint32), np.zeros((16, 16), np.uint8)
    confirmed[3:, 2:] = 1
    whole = marks(labels, np.ones_like(confirmed))
    assert (np.argwhere(whole == HATCH).sum(axis=1) % 8 == 0).all()
    assert (whole == HATCH).sum() == 32
    assert (marks(labels, confirmed)[3:, 2:] == whole[3:, 2:]).all()
    assert not marks(labels, confirmed)[:3].any()


def test_what_is_kept_of_an_object_has_a_dotted_outline_and_none_toward_its_confirmed_part():
    labels, confirmed = np.zeros((12, 20), np.uint32), np.zeros((12, 20), np.uint8)
    labels[2:10, 2:18], confirmed[2:10, 2:10], confirmed[2:10, 10:18] = 1, 2, 3
    drawn = marks(labels, confirmed)
    assert (drawn[2, 2:10] == OUTLINE).all()
    assert set(drawn[2, 10:18]) == {0, DOTS}
    assert not drawn[3:9, 9:11].any()


def test_outlines_of_a_large_slice_are_wider_so_that_they_are_seen_in_a_window():
    labels, confirmed = np.zeros((1600, 1600), np.uint32), np.zeros((1600, 1600), np.uint8)
    labels[100:200, 100:200], confirmed[100:200, 100:200] = 1, 2
    drawn = marks(labels, confirmed)
    assert list(drawn[150, 98:105]) == [0, 0, OUTLINE, OUTLINE, 0, 0, 0]


def test_arrays_give_what_is_asked_for_and_follow_the_memory_that_they_show():
    labels, confirmed = (np.stack([part, part]) for part in two_squares())
    drawn, bodies = ConfirmedMarks(labels, confirmed), ConfirmedBodies(labels, confirmed)
    assert (drawn.shape, drawn.ndim, drawn.dtype, bodies.dtype) == ((2, 8, 16), 3, np.uint8, np.uint32)
    assert (drawn[1] == marks(labels[1], confirmed[1])).all()
    assert (np.unique(np.asarray(bodies)) == [0, 1, 2]).all()
    confirmed[1] = 0
    assert not drawn[1].any()
    assert not bodies[1].any()
    assert bodies[0].any()


def test_a_slice_in_which_nothing_is_confirmed_and_a_single_point():
    labels, confirmed = two_squares()
    assert not marks(labels, np.zeros_like(confirmed)).any()
    assert int(ConfirmedMarks(labels, confirmed)[3, 3]) == OUTLINE
    assert int(ConfirmedMarks(labels, confirmed)[0, 0]) == 0
