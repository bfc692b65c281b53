"""Marks of classes as places that follow objects: by hand on small labels."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.objects.head import ClassHead, Usual
from napari_apprentice.data.objects.marks import Mark, MarkEdit, give, given, points_in


def squares() -> np.ndarray:
    labels = np.zeros((1, 1, 12, 24), np.uint32)
    labels[0, 0, 2:10, 2:10], labels[0, 0, 2:10, 14:22] = 5, 7
    return labels


def marked(labels: np.ndarray, *objects: tuple[int, int]) -> dict[int, Mark]:
    marks: dict[int, Mark] = {}
    for number, value in objects:
        give(marks, labels, (0, 0, 0, 0), np.array([[0, number]]), value).apply(marks)
    return marks


def test_places_lie_inside_the_object_and_one_of_a_single_voxel_has_its_own():
    labels = squares()
    labels[0, 0, 0, 0] = 9
    one, other, small = points_in(labels, np.array([[0, 5], [0, 7], [0, 9]]))
    assert len(one) == len(other) == 5
    assert (one[:, 2:] > 2).all()
    assert (one[:, 2:] < 9).all()
    assert small.tolist() == [[0, 0, 0, 0]]


def test_a_mark_is_of_the_object_that_has_most_of_its_places_two_at_least():
    labels = squares()
    marks = marked(labels, (5, 1), (7, 2))
    assert given(marks, labels, (0, 0, 0, 0)) == {1: (0, 5), 2: (0, 7)}
    labels[labels == 5] = 7  # merged
    assert given(marks, labels, (0, 0, 0, 0)) == {1: (0, 7), 2: (0, 7)}
    labels[0, 0, :, :12] = 0
    assert given(marks, labels, (0, 0, 0, 0)) == {2: (0, 7)}
    assert given(marks, squares()[..., 12:], (0, 0, 0, 12)) == {2: (0, 7)}


def test_an_edit_is_taken_back_by_its_inverse_and_comes_back_from_its_record():
    labels = squares()
    marks = marked(labels, (5, 1))
    before = dict(marks)
    edit = MarkEdit.from_bytes(give(marks, labels, (0, 0, 0, 0), np.array([[0, 5], [0, 7]]), 2).to_bytes())
    edit.apply(marks)
    after = dict(marks)
    assert sorted(one.value for one in marks.values()) == [2, 2]
    edit.inverse().apply(marks)
    assert marks == before
    edit.apply(marks)
    edit.apply(marks)  # as when a journal is replayed over a newer file
    assert marks == after


@pytest.mark.parametrize("record", [b"APM1", b"APM1junk", MarkEdit().to_bytes()[:-3]])
def test_a_damaged_record_is_said(record):
    with pytest.raises(ValueError, match=r".+"):
        MarkEdit.from_bytes(record)


def test_the_head_tells_two_kinds_apart_and_says_how_sure_it_is():
    random = np.random.default_rng(0)
    kinds = np.repeat([3, 8], 50)
    values = (random.normal(0, 1, (100, 40)) + 3.0 * (kinds == 8)[:, None]).astype(np.float16)
    usual = Usual.of(values, 4)
    few = np.array([0, 1, 2, 60, 61, 62])
    head = ClassHead.fit(usual, values[few], kinds[few])
    assert head is not None
    found, chances = head.propose(values)
    assert (found == kinds).all()
    assert ((chances > 0.5) & (chances <= 1)).all()
    assert ClassHead.fit(usual, values[:3], kinds[:3]) is None
