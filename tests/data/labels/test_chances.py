"""How likely places are wrong, as answers draw it away from the doubt; numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.data.labels.test_doubts import at

from napari_apprentice.data.labels.chances import TRAITS, Chances, traits_of
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.data.labels.mends import Mends

SHAPE = (1, 1, 400, 400)


def test_without_answers_it_is_the_doubt_itself() -> None:
    doubts = Doubts.together([at((50, 50, 0.9), (50, 100, 0.2)), at((200, 200, 0.4), missed=True)])
    chances = Chances()
    assert chances.of(traits_of(doubts, SHAPE)) == pytest.approx([0.9, 0.2, 0.4])
    chances.learn(np.zeros((0, TRAITS)), np.zeros(0, bool))
    assert chances.of(traits_of(doubts, SHAPE)) == pytest.approx([0.9, 0.2, 0.4])


def test_traits_are_of_the_object_or_of_the_place() -> None:
    """Of 10 x 10 pixels are most; one of 5 x 5 is smaller by log(100 / 25) / 2 = .693, as places are by themselves."""
    mends = Mends.nothing(5)
    mends.chances[1] = (0.5, 0.25, 0.125)
    doubts = replace(
        Doubts.together(
            [
                at((50, 50, 0.5), (50, 100, 0.8), (100, 100, 0.5)),
                at((5, 200, 0.5), edge=5),
                at((300, 300, 0.5), missed=True),
            ]
        ),
        mends=mends,
    )
    doubts.boxes[3, 2] = (0, 5)  # at the upper edge
    traits = traits_of(doubts, SHAPE)
    plain, mended, _, small, gap = traits.round(3).tolist()
    nothing = [0] * 5
    assert plain == [0, 0, 0, 1, 0, 0, *nothing, 0, 0, 0, 0, 0, 0, 0], "odds of .5 are 1 to 1, the third level"
    assert mended == [1.386, 0, 0, 0.307, 0.693, 0, *nothing, 0, 0, 0, 0.5, 0.25, 0.125, 0], "of .8 they are 4 to 1"
    assert small == [0, 0, 0, 1, 0, 0, *nothing, 0.693, 0, 1, 0, 0, 0, 0]
    assert gap == [0, *nothing, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]


def test_one_answer_moves_what_is_like_it() -> None:
    """Of the weight w of the level where odds are even, p - y + 2 w = 0, p = 1 / (1 + exp(-w)): y = 0 gives p = .4447.

    What is firm (.018, odds of -4) is at another level: nothing is learned of it.
    """
    doubts = Doubts.together([at((50, 50, 0.5), (50, 100, 0.5), (50, 200, 0.018)), at((200, 200, 0.5), edge=3)])
    traits = traits_of(doubts, SHAPE)
    chances = Chances()
    chances.learn(traits[:1], np.array([False]))
    assert chances.of(traits) == pytest.approx([0.4447, 0.4447, 0.018, 0.4447], abs=2e-4)


@pytest.mark.parametrize(("said", "sign"), [(False, -1), (True, 1)])
def test_small_ones_that_were_right_or_wrong_say_most_of_small_ones(said: bool, sign: int) -> None:
    doubts = Doubts.together([at((50, 50, 0.5), (50, 100, 0.5), (100, 50, 0.5)), at((200, 200, 0.5), edge=3)])
    traits = traits_of(doubts, SHAPE)
    chances = Chances()
    chances.learn(np.repeat(traits[3:], 4, axis=0), np.full(4, said))
    plain, _, _, small = sign * (chances.of(traits) - 0.5)
    assert small > plain > 0
    chances.learn(traits[:0], np.zeros(0, bool))
    assert chances.of(traits) == pytest.approx(0.5), "all answers were taken back"


def test_an_image_of_one_voxel_thickness_has_no_edge_across() -> None:
    edge = traits_of(at((50, 50, 0.5)), (1, 1, 100, 100))[0, 13]
    deep = traits_of(at((50, 50, 0.5)), (1, 3, 100, 100))[0, 13]
    assert (edge, deep) == (0, 1), "the first slice of three is an end of the image"
