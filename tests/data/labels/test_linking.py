"""Objects keep their ids through time."""

from __future__ import annotations

import numpy as np

from napari_apprentice.data.labels.linking import FrameOverlap, link_frame
from napari_apprentice.data.labels.pairing import one_to_one


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


def test_what_is_counted_in_parts_of_two_frames_is_what_the_whole_frames_share() -> None:
    before = _frame((7, 0, 0), (9, 8, 8), (4, 14, 14))
    now = _frame((1, 1, 1), (2, 8, 9), (3, 0, 15))
    whole = FrameOverlap.of(before, now)
    quarters = [(slice(None), y, x) for y in (slice(0, 9), slice(9, 20)) for x in (slice(0, 10), slice(10, 20))]
    together = FrameOverlap.together([FrameOverlap.of(before[part], now[part]) for part in quarters])
    for name in ("before", "before_size", "now", "now_size", "pairs", "shared"):
        np.testing.assert_array_equal(getattr(together, name), getattr(whole, name))
    old, new = whole.links()
    assert dict(zip(new.tolist(), old.tolist(), strict=True)) == {1: 7, 2: 9}  # 9 of 23 voxels, 12 of 20
    assert FrameOverlap.together([]).links()[0].size == 0


def test_each_has_one_partner_and_groups_that_share_nobody_do_not_matter_to_each_other() -> None:
    # 0-0 is worth most, but taking it leaves 1 without one; 5-7 and 6-8 have nothing to do with that
    ones, others = np.array([0, 0, 1, 5, 6]), np.array([0, 1, 0, 7, 8])
    assert one_to_one(ones, others, np.array([0.9, 0.3, 0.3, 0.5, 0.2])).tolist() == [1, 2, 3, 4]
    many = np.arange(200_000)  # of which a table of all with all would take 300 GB
    pairs = one_to_one(np.append(many, 0), np.append(many, 1), np.full(len(many) + 1, 0.5))
    assert len(pairs) == len(many)
