"""The dialogue with a network that sees brightness: what it answers is the bright part of the window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.engine.prompts import dialogue
from napari_apprentice.engine.prompts.dialogue import Asked


def bright(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Everything bright is the object, and it is surer the more of the window that is, up to a half."""
    mask = (inputs[:, 0] > 0.5).astype(np.float32)
    share = mask.mean(axis=(1, 2))
    return mask, np.minimum(share, 1 - share)


@pytest.fixture
def image() -> np.ndarray:
    """Two bright squares of 40 and 20 pixels."""
    pixels = np.zeros((400, 500), np.uint16)
    pixels[100:140, 200:240] = 1000
    pixels[300:320, 60:80] = 1000
    return pixels


def test_a_click_finds_the_object_in_it_alone(image: np.ndarray):
    asked = dialogue.click(image, Asked(), (120, 220), bright)
    assert asked.mask is not None
    np.testing.assert_array_equal(asked.mask[95:145, 195:245], image[95:145, 195:245] > 0)
    assert asked.mask.sum() == 40 * 40


def test_where_nothing_is_a_click_finds_nothing(image: np.ndarray):
    asked = dialogue.click(image, Asked(), (30, 450), bright)
    assert asked.mask is None or not asked.mask.any()


def test_a_box_finds_the_largest_part_in_it(image: np.ndarray):
    asked = dialogue.draw_box(image, (290, 50, 330, 90), bright)
    assert asked.mask is not None
    assert asked.mask[300:320, 60:80].all()
    assert not asked.mask[:200].any()


def test_a_click_beside_adds_the_part_it_is_in_and_only_that(image: np.ndarray):
    half = np.zeros(image.shape, bool)
    half[100:140, 200:220] = True
    half[300:310, 60:70] = True  # elsewhere, as the user left it
    asked = dialogue.click(image, Asked(mask=half), (120, 230), bright)
    assert asked.mask is not None
    assert (asked.mask[100:140, 200:240]).mean() > 0.95
    np.testing.assert_array_equal(asked.mask[200:], half[200:])
    assert not (half & ~asked.mask).any()


def test_a_click_that_takes_away_leaves_the_rest(image: np.ndarray):
    more = image > 0
    more[140:160, 200:240] = True
    more[80:100, 200:240] = True
    asked = dialogue.click(image, Asked(mask=more), (150, 220), bright, remove=True)
    assert asked.mask is not None
    assert not asked.mask[142:160].any()
    np.testing.assert_array_equal(asked.mask[:130], more[:130])
    np.testing.assert_array_equal(asked.mask[300:], more[300:])


def test_what_asked_for_is_kept_for_the_next_click(image: np.ndarray):
    asked = dialogue.click(image, Asked(), (120, 220), bright)
    asked = dialogue.click(image, asked, (160, 220), bright, remove=True)
    assert asked.add == ((120, 220),)
    assert asked.remove == ((160, 220),)


def test_an_object_at_the_corner_is_found_whole():
    image = np.zeros((60, 60), np.uint8)
    image[:25, :25] = 200
    asked = dialogue.click(image, Asked(), (3, 3), bright)
    np.testing.assert_array_equal(asked.mask, image > 0)
