"""A piece of an outline drawn again: small arrays, worked by hand; do, undo, redo."""

from __future__ import annotations

import numpy as np
import pytest
from tests.data.labels.test_object_edits import done

from napari_apprentice.data.labels.redrawing import redraw_outline
from napari_apprentice.errors import UserError


def square(*, depth: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Object 3, rows and columns 5 to 14, in two frames of ``depth`` slices."""
    labels = np.zeros((2, depth, 24, 24), np.uint32)
    labels[..., 5:15, 5:15] = 3
    return labels, np.zeros(labels.shape, np.uint8)


def line(*points: tuple[float, float], z: int = 0) -> list[tuple[float, ...]]:
    return [(0, z, *point) for point in points]


def test_a_line_inside_cuts_off_what_lies_beyond_it() -> None:
    labels, confirmed = square(depth=2)
    after, sure = done(redraw_outline(labels, confirmed, line((4, 11.5), (15, 11.5), z=1)), labels, confirmed)
    assert after[0, 1].sum() == 3 * 70
    assert (after[0, 1, 5:15, 5:12] == 3).all()
    assert (sure[0, 1, 5:15, 5:15] == np.array([2] * 7 + [1] * 3)).all()
    assert sure[0, 1].sum() == 2 * 70 + 30
    assert (after[0, 0] == after[1, 0]).all()
    assert not sure[0, 0].any()
    assert not sure[1].any()


@pytest.mark.parametrize("step", [1, -1])
def test_a_line_outside_adds_what_it_encloses(step: int) -> None:
    labels, confirmed = square()
    drawn = line((6.5, 14), (6.5, 17.5), (10.5, 17.5), (10.5, 14))[::step]
    after, sure = done(redraw_outline(labels, confirmed, drawn), labels, confirmed)
    added = np.zeros((24, 24), bool)
    added[7:11, 15:18] = True
    assert ((after[0, 0] == 3) == ((labels[1, 0] == 3) | added)).all()
    assert (sure[0, 0] == np.where(after[0, 0] == 3, 2, 0)).all()


def test_a_closed_line_is_the_outline() -> None:
    labels, confirmed = square()
    ring = line((3.5, 3.5), (3.5, 15.5), (12.5, 15.5), (12.5, 3.5), (3.6, 3.5))
    after, sure = done(redraw_outline(labels, confirmed, ring), labels, confirmed)
    assert (after[0, 0, 4:13, 4:16] == 3).all()
    assert (after[0, 0] == 3).sum() == 9 * 12
    assert (sure[0, 0] == 1).sum() == 2 * 10


def test_holes_and_parts_that_lie_apart_stay() -> None:
    labels, confirmed = square()
    labels[0, 0, 8, 8] = 0
    labels[0, 0, 20:22, 5:8] = 3
    after, _ = done(redraw_outline(labels, confirmed, line((4, 11.5), (15, 11.5))), labels, confirmed)
    assert after[0, 0, 8, 8] == 0
    assert (after[0, 0, 20:22, 5:8] == 3).all()
    assert (after[0, 0] == 3).sum() == 70 - 1 + 6


def test_a_neighbour_gives_way_unless_somebody_said_that_it_is_right() -> None:
    labels, confirmed = square()
    labels[0, 0, 7:11, 15:20] = 4
    confirmed[0, 0, 7:9, 15:20] = 2
    drawn = line((6.5, 14), (6.5, 17.5), (10.5, 17.5), (10.5, 14))
    after, _ = done(redraw_outline(labels, confirmed, drawn), labels, confirmed)
    assert (after[0, 0, 7:9, 15:20] == 4).all()
    assert after[0, 0, 9:11, 15:20].tolist() == [[3, 3, 3, 4, 4]] * 2


@pytest.mark.parametrize(
    "drawn",
    [
        line((1, 1)),  # a point
        line((40, 40), (50, 50)),  # outside
        line((22, 22), (23, 23)),  # nothing is near
        line((10, 10), (23, 23)),  # ends far from the outline
    ],
)
def test_a_line_that_is_no_piece_of_an_outline_says_how_to_draw_one(drawn: list[tuple[float, ...]]) -> None:
    labels, confirmed = square()
    with pytest.raises(UserError, match="from outline to outline"):
        redraw_outline(labels, confirmed, drawn)


def test_a_line_on_the_outline_changes_nothing_and_says_so() -> None:
    labels, confirmed = square()
    with pytest.raises(UserError, match="stays as it is"):
        redraw_outline(labels, confirmed, line((4.5, 6), (4.5, 12)))
