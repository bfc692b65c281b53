"""Clicks in volumes that are drawn by hand, with a network that sees brightness."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.engine.prompts import volume
from napari_apprentice.engine.prompts.planes import Volume
from napari_apprentice.engine.prompts.volume import AskedVolume


def bright(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Everything bright is the object, and it is surer the more of the window that is, up to a half."""
    mask = (inputs[:, 0] > 0.5).astype(np.float32)
    share = mask.mean(axis=(1, 2))
    return mask, np.minimum(share, 1 - share)


def sure(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same, and always sure of it."""
    mask, iou = bright(inputs)
    return mask, 0.5 + iou


def ball(radius: float, step: float = 1.0, shape: tuple[int, int, int] = (60, 90, 100)) -> np.ndarray:
    """A ball in the middle, of a radius in pixels, in slices that are so many pixels thick."""
    z, y, x = (np.arange(n) - n // 2 for n in shape)
    inside = (z[:, None, None] * step) ** 2 + y[:, None] ** 2 + x**2 <= radius**2
    return np.where(inside, 900, 0).astype(np.uint16)


def whole(asked: AskedVolume, shape: tuple[int, ...]) -> np.ndarray:
    found = np.zeros(shape, bool)
    if asked.piece is not None:
        found[asked.piece.box] = asked.piece.mask
    return found


def iou(asked: AskedVolume, pixels: np.ndarray) -> float:
    truth = pixels > 500
    found = whole(asked, pixels.shape)
    return float((found & truth).sum() / (found | truth).sum())


@pytest.mark.parametrize("step", [1.0, 2.5])
def test_a_click_in_one_slice_finds_a_ball_in_all(step: float):
    pixels = ball(20, step)
    asked = volume.click(Volume.of(pixels, (step, 1, 1)), AskedVolume(), (30, 45, 50), bright)
    assert iou(asked, pixels) > 0.9
    filled = np.flatnonzero(whole(asked, pixels.shape).any(axis=(1, 2)))
    there = np.flatnonzero((pixels > 500).any(axis=(1, 2)))
    assert abs(filled[0] - there[0]) <= 1
    assert abs(filled[-1] - there[-1]) <= 1


def test_where_nothing_is_a_click_finds_nothing():
    pixels = ball(8, shape=(30, 90, 900))
    asked = volume.click(Volume.of(pixels), AskedVolume(), (15, 45, 850), bright)
    assert asked.piece is None
    assert asked.add == ((15, 45, 850),)


def test_a_tube_that_leans_is_followed_to_half_its_radius_before_its_ends():
    pixels = np.full((70, 60, 120), 100, np.uint16)
    rows, columns = np.mgrid[:60, :120]
    for z in range(10, 60):
        pixels[z][(rows - 30) ** 2 + (columns - 24 - z) ** 2 <= 81] = 900
    asked = volume.click(Volume.of(pixels), AskedVolume(), (35, 30, 59), sure)
    found = whole(asked, pixels.shape)
    assert iou(asked, pixels) > 0.75
    assert found[14:56].any(axis=(1, 2)).all()
    assert not found[:9].any()
    assert not found[61:].any()


def test_only_slices_within_are_looked_at():
    pixels = ball(20)
    one = volume.click(Volume.of(pixels), AskedVolume(), (30, 45, 50), bright, within=(30, 31))
    np.testing.assert_array_equal(np.flatnonzero(whole(one, pixels.shape).any(axis=(1, 2))), [30])
    assert (whole(one, pixels.shape)[30] != (pixels[30] > 500)).sum() < 20  # of 1,257 pixels
    some = volume.click(Volume.of(pixels), AskedVolume(), (30, 45, 50), bright, within=(25, 33))
    np.testing.assert_array_equal(np.flatnonzero(whole(some, pixels.shape).any(axis=(1, 2))), np.arange(25, 33))


def test_a_box_in_a_slice_finds_the_ball():
    pixels = ball(20)
    asked = volume.draw_box(Volume.of(pixels), 30, (24, 29, 66, 71), bright)
    assert iou(asked, pixels) > 0.9


def test_a_click_that_takes_away_changes_its_slice_and_less_and_less_those_further_away():
    pixels = ball(20)
    seen = Volume.of(pixels)
    first = volume.click(seen, AskedVolume(), (30, 45, 50), bright)
    pixels[33:, 45:] = 100  # half of these slices is another object
    taken = volume.click(seen, first, (36, 55, 50), bright, remove=True)
    before, after = whole(first, pixels.shape), whole(taken, pixels.shape)
    assert not after[36, 50:].any()
    assert after[36, 30:42, 50].any()
    changed = (before != after).mean(axis=(1, 2)) / np.maximum(before.mean(axis=(1, 2)), 1e-9)
    assert changed[36] > changed[30] > changed[20]
    assert changed[20] < 0.2
    assert after[30, 45, 50]  # what was clicked stays
    assert taken.add == first.add
    assert taken.remove == ((36, 55, 50),)
    assert iou(taken, pixels) > iou(first, pixels)
    assert whole(first, pixels.shape).sum() == before.sum()  # who keeps the former has it back


def test_a_click_beyond_the_end_makes_the_object_go_on():
    pixels = ball(20)
    seen = Volume.of(pixels)
    first = volume.click(seen, AskedVolume(), (30, 45, 50), bright, within=(24, 34))
    more = volume.click(seen, first, (40, 45, 50), bright)
    found = whole(more, pixels.shape)
    assert found[24:41].any(axis=(1, 2)).all()
    assert iou(more, pixels) > iou(first, pixels)


def test_of_two_balls_that_touch_a_click_that_takes_one_away_leaves_the_other():
    pixels = np.maximum(ball(14), np.roll(ball(14), 27, axis=2))
    seen = Volume.of(pixels)
    both = volume.click(seen, AskedVolume(), (30, 45, 50), bright)
    assert whole(both, pixels.shape)[30, 45, 77]
    pixels[:, :, 64:] = 100  # now it sees where the one ends
    one = volume.click(seen, both, (30, 45, 77), bright, remove=True)
    found = whole(one, pixels.shape)
    assert not found[30, 45, 66:].any()
    assert found[30, 45, 40:60].all()


def test_only_what_is_needed_is_read_of_a_volume_larger_than_memory():
    shape, middle, read = (1000, 50_000, 60_000), (500, 30_000, 20_000), []

    def of(box: tuple[slice, slice, slice]) -> np.ndarray:
        z, y, x = (np.arange(side.start, side.stop) - at for side, at in zip(box, middle, strict=True))
        found = np.where(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2 <= 20**2, np.uint16(900), np.uint16(100))
        read.append(found.size)
        return found

    asked = volume.click(Volume(shape, (1.0, 1.0, 1.0), of), AskedVolume(), middle, bright)
    assert asked.mask is not None
    assert asked.mask.sum() == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.1)
    np.testing.assert_allclose(np.add(asked.corner, np.divide(asked.mask.shape, 2)), middle, atol=2)
    assert sum(read) < 10_000_000


def test_what_a_noisy_volume_needs_is_handed_on():
    pixels = ball(20)
    asked = volume.click(Volume.of(pixels), AskedVolume(), (30, 45, 50), bright)
    assert asked.smoothing in volume.SMOOTHINGS
    counted = []

    def counting(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        counted.append(len(inputs))
        return bright(inputs)

    volume.click(Volume.of(pixels), AskedVolume(smoothing=asked.smoothing), (30, 45, 50), counting)
    assert sum(counted) <= 23  # three distances, once more or twice, two sections, and five planes of each direction


def test_half_an_object_is_made_whole_by_one_click_on_what_is_missing():
    pixels = ball(20)
    half = pixels > 500
    half[:, :, 50:] = False
    there = AskedVolume(add=((30, 45, 40),), mask=half)
    assert iou(there, pixels) < 0.55
    asked = volume.click(Volume.of(pixels), there, (30, 45, 60), bright)
    assert iou(asked, pixels) > 0.9
    assert asked.add == ((30, 45, 40), (30, 45, 60))
    held = volume.click(Volume.of(pixels), there, (30, 45, 60), bright, within=(25, 36))
    assert (whole(held, pixels.shape)[:25] == half[:25]).all()
    assert (whole(held, pixels.shape)[36:] == half[36:]).all()


def test_an_object_beside_is_not_taken_for_what_is_missing():
    z, y, x = np.indices((40, 60, 120))
    first, second = ((z - 20) ** 2 + (y - 30) ** 2 + (x - at) ** 2 <= 144 for at in (30, 80))
    pixels = np.where(first | second, 900, 0).astype(np.uint16)
    asked = volume.click(Volume.of(pixels), AskedVolume(add=((20, 30, 30),), mask=first), (20, 30, 80), sure)
    found = whole(asked, pixels.shape)
    assert found[first].all()
    assert found[second].mean() < 0.9, "it is corrected around the click, not taken as a whole"
