from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels.corrections import Corrections
from napari_apprentice.data.labels.halves import in_halves
from napari_apprentice.data.labels.holdout import split_blocks


def squares(places, edge=700) -> Corrections:
    """Whole squares of ten pixels at corners (y, x), all of them confirmed; the rest is unknown."""
    labels = np.zeros((1, 1, edge, edge), np.uint32)
    for number, (y, x) in enumerate(places, start=1):
        labels[0, 0, y : y + 10, x : x + 10] = number
    return Corrections(labels, np.where(labels > 0, 2, 0).astype(np.uint8))


def halves_of(*images):
    named = [(f"image-{i}", one) for i, one in enumerate(images)]
    return in_halves(named, split_blocks(named))


SPREAD = [(y, x) for y in (10, 150, 250, 350) for x in (10, 150, 250, 410, 550, 650)]


def judged_by(halves, corrections) -> list[set[int]]:
    return [set(np.unique(corrections.labels[half[0].validation == 2])) for half in (halves.one, halves.other)]


def test_every_object_judges_once_and_teaches_the_other_half():
    corrections = squares(SPREAD)
    halves = halves_of(corrections)
    one, other = judged_by(halves, corrections)
    assert (one | other, one & other) == (set(range(1, 25)), set())
    assert len(one) == len(other) == halves.objects // 2 == 12
    for half, judges in ((halves.one, one), (halves.other, other)):
        taught = set(np.unique(corrections.labels[half[0].training & (corrections.confirmed == 2)]))
        assert not taught & judges
        assert len(taught) >= 10  # but for those at the edge of a block, which keeps its margin


def test_what_lies_in_one_block_cannot_be_halved():
    assert halves_of(squares([(10 + 12 * i, 10 + 12 * j) for i in range(6) for j in range(4)])) is None


def test_a_half_that_hardly_teaches_is_none():
    """Four small objects lie in the margin of the block of the others, and would teach nothing where those judge."""
    labels = squares([(4 + 11 * i, 4 + 11 * j) for i in range(4) for j in range(5)][:17], 256).labels
    for number, y in enumerate((6, 22, 38, 54), start=20):
        labels[0, 0, y : y + 5, 65:70] = number
    corrections = Corrections(labels, np.where(labels > 0, 2, 0).astype(np.uint8))
    assert halves_of(corrections) is None
    labels[0, 0, :, 80:90], labels[0, 0, :, 65:75] = labels[0, 0, :, 65:75], 0
    further = Corrections(labels, np.where(labels > 0, 2, 0).astype(np.uint8))
    assert halves_of(further).objects == 21


def test_two_images_are_halved_together():
    near = [(10 + 12 * i, 10 + 12 * j) for i in range(4) for j in range(3)]
    halves = halves_of(squares(near), squares(near))
    assert halves.objects == 24
    assert {bool(side.training[..., 30, 30].all()) for side in halves.one} == {True, False}


@pytest.mark.parametrize("count", [19, 20])
def test_twenty_objects_are_enough(count):
    assert (halves_of(squares(SPREAD[:count])) is None) is (count < 20)


def test_where_many_are_set_aside_these_judge_alone():
    many = [(y, x) for y in range(4, 780, 40) for x in range(4, 780, 40)]
    assert halves_of(squares(many, 800)) is None


def test_frames_of_one_place_are_halved_alike():
    """As parts of a large image are, of which each frame is one: the same key, but not the same objects."""
    named = [("place", squares(SPREAD)), ("place", squares([(y + 3, x + 2) for y, x in SPREAD[5:]]))]
    halves = in_halves(named, split_blocks(named))
    for first, second in (halves.one, halves.other):
        in_both = (first.validation > 0) & (second.training & (named[1][1].labels > 0))
        assert not in_both.any()
    first, second = split_blocks(named).sides
    assert not ((first.validation > 0) & (second.training & (named[1][1].labels > 0))).any()
