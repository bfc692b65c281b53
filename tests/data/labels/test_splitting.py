"""Objects are split between places and along lines: small arrays, worked by hand; do, undo, redo."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data.labels.test_object_edits import done

from napari_apprentice.data.labels.splitting import split_along_line, split_at_places
from napari_apprentice.errors import UserError

EVEN = (1.0, 1.0, 1.0)


def block(depth: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Object 2, 4 x 12 pixels in each slice, which touches object 8; two frames."""
    labels = np.zeros((2, depth, 8, 20), np.uint32)
    labels[..., 2:6, 2:14], labels[..., 2:6, 14:18] = 2, 8
    return labels, np.zeros(labels.shape, np.uint8)


def flat(t: int, box: tuple[slice, ...]) -> np.ndarray:
    """An image in which nothing is seen."""
    return np.full((1, *(edge.stop - edge.start for edge in box)), 9.0)


def line(x: float, z: int = 0, *, start: float = 0, stop: float = 7) -> list[tuple[float, ...]]:
    """From above to below at a column."""
    return [(0, z, start, x), (0, z, stop, x)]


def split(kind, at, depth=1, look=flat, spacing=EVEN, **options):
    labels, confirmed = block(depth)
    confirmed[..., 14:16] = 2
    maker = split_along_line if kind == "line" else split_at_places
    after, sure = done(maker(labels, confirmed, at, look, spacing, free=9, **options), labels, confirmed)
    assert (after[0] > 0).sum() == depth * 4 * 16, "every voxel stays"
    assert (after[..., 14:18] == block(depth)[0][..., 14:18]).all()
    assert (sure[..., 14:16] == 2).all()
    assert not sure[..., 16:].any(), "another object that touches it is as it was"
    assert not sure[1, ..., :14].any(), "another frame, too"
    return after, sure


def test_in_a_block_the_cut_is_half_way_between_the_places_and_everything_is_confirmed() -> None:
    after, sure = split("places", [(0, 0, 3, 4), (0, 0, 4, 11)])
    assert after[0, 0, 2:6, 2:14].tolist() == [[2] * 6 + [9] * 6] * 4
    assert (sure[0, 0, 2:6, 2:14] == 2).all()
    assert (after[1, 0, 2:6, 2:14] == 2).all()


def test_three_places_make_three_parts_of_which_the_largest_keeps_the_id() -> None:
    after, _ = split("places", [(0, 0, 3, 2), (0, 0, 3, 5), (0, 0, 3, 12)])
    assert after[0, 0, 3, [2, 3, 5, 8, 9, 13]].tolist() == [9, 9, 2, 2, 10, 10]


def test_the_cut_follows_a_dark_line_in_the_image() -> None:
    def look(t, box):
        pixels = flat(t, box) * 10
        pixels[..., 5 - box[2].start] = 0
        return pixels

    after, _ = split("places", [(0, 0, 3, 3), (0, 0, 4, 12)], look=look)
    assert set(after[0, 0, 2:6, 2:5].ravel()) == {9}
    assert set(after[0, 0, 2:6, 6:14].ravel()) == {2}


def test_the_cut_is_at_the_neck_wherever_the_places_are() -> None:
    labels, confirmed = np.zeros((1, 1, 9, 24), np.uint32), np.zeros((1, 1, 9, 24), np.uint8)
    labels[..., 1:8, 1:8], labels[..., 3:6, 8:10], labels[..., 1:8, 10:23] = 4, 4, 4
    delta = split_at_places(labels, confirmed, [(0, 0, 4, 4), (0, 0, 4, 19)], flat, EVEN, free=5)
    after, sure = done(delta, labels, confirmed)
    assert set(after[..., 1:8].ravel()) == {0, 5}
    assert set(after[..., 10:].ravel()) == {0, 4}
    assert (sure == 2).sum() == (after > 0).sum() == 49 + 6 + 91


def test_a_cut_lies_on_the_line_that_was_drawn() -> None:
    after, _ = split("line", line(5))
    assert set(after[0, 0, 2:6, 2:5].ravel()) == {9}
    assert set(after[0, 0, 2:6, 6:14].ravel()) == {2}
    slanted, _ = split("line", [(0, 0, 1, 4), (0, 0, 6, 9)])
    firsts = np.array([row.index(2) for row in slanted[0, 0, 2:6, :14].tolist()])
    assert set(firsts - [5, 6, 7, 8]) <= {0, 1}, "what is under the line itself goes with either side"


def test_a_line_goes_on_through_all_slices_and_stays_in_its_own_when_asked() -> None:
    after, sure = split("line", line(5, z=3), depth=4, spacing=(4.0, 1.0, 1.0))
    for z in range(4):
        assert set(after[0, z, 2:6, 2:5].ravel()) == {9}
        assert set(after[0, z, 2:6, 6:14].ravel()) == {2}
    assert (sure[0, :, 2:6, 2:14] == 2).all()
    after, sure = split("line", line(5, z=3), depth=4, one_slice=True)
    assert (after[0, :3, 2:6, 2:14] == 2).all()
    assert set(after[0, 3, 2:6, 2:5].ravel()) == {9}
    assert not sure[0, :3, ..., :14].any()


@pytest.mark.parametrize(("step", "parts"), [(0.1, (2, 9, 2, 9)), (50.0, (2, 2, 9, 9))])
def test_how_far_slices_are_apart_decides_where_the_parts_meet(step, parts) -> None:
    after, _ = split("places", [(0, 1, 3, 4), (0, 2, 3, 11)], depth=4, spacing=(step, 1.0, 1.0))
    found = [after[0, z, 3, x] for z, x in ((0, 3), (0, 12), (3, 3), (3, 12))]
    assert tuple(found) == parts


def test_a_hole_is_crossed_by_a_line_that_goes_through_both_walls() -> None:
    labels, confirmed = np.zeros((1, 1, 9, 9), np.uint32), np.zeros((1, 1, 9, 9), np.uint8)
    labels[..., 1:8, 1:8] = 3
    labels[..., 3:6, 3:6] = 0
    with pytest.raises(UserError, match="does not divide"):
        split_along_line(labels, confirmed, line(4, stop=4), flat, EVEN, free=4)
    after, sure = done(split_along_line(labels, confirmed, line(4, stop=8), flat, EVEN, free=4), labels, confirmed)
    left, right = (np.unique(half).tolist() for half in (after[..., :4], after[..., 5:]))
    assert sorted([left, right]) == [[0, 3], [0, 4]]
    assert (after > 0).sum() == 40
    assert not sure[..., 3:6, 3:6].any()


def test_a_piece_that_lies_apart_goes_with_the_nearest_part_and_ids_that_are_taken_are_passed_over() -> None:
    labels, confirmed = block()
    labels[0, 0, 3, 0], labels[0, 0, 7, 13], labels[1, 0, 0, 0] = 2, 2, 9
    after, sure = done(split_along_line(labels, confirmed, line(5), flat, EVEN, free=9), labels, confirmed)
    assert (after[0, 0, 3, 0], after[0, 0, 7, 13]) == (10, 2)
    assert (sure[0, 0, 3, 0], sure[0, 0, 7, 13]) == (2, 2)


def test_a_voxel_cut_off_by_a_wobble_is_no_part() -> None:
    labels, confirmed = np.zeros((1, 1, 22, 22), np.uint32), np.zeros((1, 1, 22, 22), np.uint8)
    labels[..., 1:21, 1:21] = 3
    with pytest.raises(UserError, match="does not divide"):
        split_along_line(labels, confirmed, [(0, 0, 0, 3), (0, 0, 3, 0)], flat, EVEN, free=4)
    delta = split_along_line(labels, confirmed, [(0, 0, 0, 8), (0, 0, 8, 0)], flat, EVEN, free=4)
    after, _ = done(delta, labels, confirmed)
    assert 15 < (after == 4).sum() < 30


def test_of_objects_under_a_line_only_the_one_that_it_divides_is_split() -> None:
    labels, confirmed = block()
    delta = split_along_line(
        labels, confirmed, [(0, 0, 0, 8), (0, 0, 7, 8), (0, 0, 7, 16), (0, 0, 4, 16)], flat, EVEN, free=9
    )
    after, _ = done(delta, labels, confirmed)
    assert set(after[0].ravel()) == {0, 2, 8, 9}
    assert (after[0] == 8).sum() == 16


@pytest.mark.parametrize(
    ("kind", "at", "said"),
    [
        ("line", line(5, stop=4), "does not divide the object"),
        ("line", line(1), "no object under the line"),
        ("line", [(0, 0, -3, -3), (0, 0, -9, -9)], "no object under the line"),
        ("places", [(0, 0, 3, 3)], "One place splits nothing"),
        ("places", [(0, 0, 3, 3), (0, 0, 3.2, 3.3)], "One place splits nothing"),
        ("places", [(0, 0, 3, 3), (0, 0, 0, 3)], "do not lie in one object"),
        ("places", [(0, 0, 3, 3), (0, 0, 3, 15)], "do not lie in one object"),
        ("places", [(0, 0, 3, 3), (1, 0, 3, 5)], "do not lie in one object"),
        ("places", [(0, 0, 3, 3), (0, 0, 3, 99)], "outside the image"),
        ("places", [(0, 0, 0, 0), (0, 0, 0, 1)], "do not lie in one object"),
    ],
)
def test_what_cannot_be_split_is_one_sentence(kind, at, said) -> None:
    labels, confirmed = block()
    maker = split_along_line if kind == "line" else split_at_places
    with pytest.raises(UserError, match=said):
        maker(labels, confirmed, at, flat, EVEN, free=9)


def test_places_in_several_slices_are_not_of_one() -> None:
    labels, confirmed = block(depth=2)
    with pytest.raises(UserError, match="several slices"):
        split_at_places(labels, confirmed, [(0, 0, 3, 3), (0, 1, 3, 9)], flat, EVEN, free=9, one_slice=True)
