"""What an edit leaves of an object is found wherever it lies in the frame, and costs as much as the object."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_apprentice.data.labels import edits, keeping
from napari_apprentice.data.labels.corrections import merge_proposal
from napari_apprentice.data.labels.deltas import Delta
from napari_apprentice.data.labels.keeping import objects_touched, with_rest


def whole(edit: Delta, labels: np.ndarray, confirmed: np.ndarray, **options: bool) -> Delta:
    return with_rest(edit, labels, confirmed, objects_touched(edit), highest=int(labels.max()), **options)


def blank(*shape: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(shape, np.uint32), np.zeros(shape, np.uint8)


def flat(shape: tuple[int, ...], *where: object) -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape)[where].ravel()


def test_an_edit_touches_the_objects_that_were_there_and_the_one_it_makes() -> None:
    labels, confirmed = blank(2, 1, 1, 6)
    labels[:, 0, 0] = [0, 4, 4, 5, 5, 2**32 - 1]
    assert objects_touched(edits.paint(labels, confirmed, [6, 7, 9], 8)) == {(1, 4), (1, 5), (1, 8)}
    assert objects_touched(edits.erase(labels, confirmed, [0, 5])) == {(0, 2**32 - 1)}


def test_the_rest_is_kept_in_the_frame_that_was_edited() -> None:
    labels, confirmed = blank(2, 1, 1, 8)
    labels[:, 0, 0] = [3, 3, 3, 3, 0, 6, 6, 0]
    whole(edits.paint(labels, confirmed, [2, 3], 9), labels, confirmed).apply(labels, confirmed)
    np.testing.assert_array_equal(labels[:, 0, 0], [[3, 3, 9, 9, 0, 6, 6, 0], [3, 3, 3, 3, 0, 6, 6, 0]])
    np.testing.assert_array_equal(confirmed[:, 0, 0], [[3, 3, 2, 2, 0, 0, 0, 0], [0] * 8])


def test_what_is_confirmed_already_stays_so() -> None:
    labels, confirmed = blank(1, 1, 1, 6)
    labels[0, 0, 0], confirmed[0, 0, 0] = [3, 3, 3, 3, 0, 0], [2, 0, 0, 0, 1, 0]
    whole(edits.erase(labels, confirmed, [2]), labels, confirmed).apply(labels, confirmed)
    np.testing.assert_array_equal(confirmed[0, 0, 0], [2, 3, 1, 3, 1, 0])


def test_a_fill_confirms_the_whole_object_in_the_slices_filled_and_keeps_the_others() -> None:
    labels, confirmed = blank(1, 2, 1, 6)
    labels[0, :, 0] = [3, 3, 4, 4, 0, 5]
    delta = whole(edits.paint(labels, confirmed, [2, 3], 3), labels, confirmed, filled=True)
    delta.apply(labels, confirmed)
    np.testing.assert_array_equal(labels[0, :, 0], [[3, 3, 3, 3, 0, 5], [3, 3, 4, 4, 0, 5]])
    np.testing.assert_array_equal(confirmed[0, :, 0], [[2, 2, 2, 2, 0, 0], [3, 3, 3, 3, 0, 0]])


def test_an_object_that_lies_elsewhere_is_found_when_it_is_extended() -> None:
    labels, confirmed = blank(1, 1, 8, 1000)
    labels[0, 0, 2, 900:910] = 7
    whole(edits.paint(labels, confirmed, [3, 4], 7), labels, confirmed).apply(labels, confirmed)
    np.testing.assert_array_equal(np.flatnonzero(confirmed == 3), 2000 + np.arange(900, 910))


def test_an_object_is_followed_to_its_end_however_far_it_goes() -> None:
    labels, confirmed = blank(1, 40, 8, 1000)
    labels[0, 1:39, 4, 5] = labels[0, 38, 4, 5:990] = 7
    whole(edits.erase(labels, confirmed, flat(labels.shape, 0, 1, 4, 5)), labels, confirmed).apply(labels, confirmed)
    np.testing.assert_array_equal(confirmed == 3, labels == 7)
    assert (labels == 7).sum() == 37 + 984


@pytest.mark.parametrize("around", [(0, 0, 0), (4, 64, 64)], ids=["a tight box", "as it is"])
def test_an_edit_of_an_array_painted_already_is_the_same(around: tuple[int, ...], monkeypatch) -> None:
    monkeypatch.setattr(keeping, "_AROUND", around)
    labels, confirmed = blank(1, 1, 12, 12)
    labels[0, 0, 2:10, 2:10] = 3
    where = flat(labels.shape, 0, 0, slice(4, 6), slice(0, 12))
    made = whole(edits.paint(labels, confirmed, where, 3), labels, confirmed)
    before = labels.reshape(-1)[where]
    labels.reshape(-1)[where] = 3
    edit = edits.paint(labels, confirmed, where, 3, before=before)
    again = with_rest(edit, labels, confirmed, objects_touched(edit), highest=3)
    assert made.to_bytes() == again.to_bytes()
    assert (made.confirmed_after == 3).sum() == 6 * 8


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 5), st.booleans())
def test_no_proposal_takes_anything_of_what_was_edited(seed: int, value: int, filled: bool) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, (2, 2, 5, 6)).astype(np.uint32)
    confirmed = rng.integers(0, 4, labels.shape).astype(np.uint8)
    labels[confirmed == 1] = 0
    confirmed[(confirmed > 1) & (labels == 0)] = 0
    start = labels.copy(), confirmed.copy()
    edit = edits.paint(labels, confirmed, rng.integers(0, labels.size, 4), value)
    delta = whole(edit, labels, confirmed, filled=filled)
    delta.apply(labels, confirmed)
    for t, one in objects_touched(edit):
        assert (confirmed[t][labels[t] == one] > 0).all()
    merged = merge_proposal(labels, confirmed, rng.integers(0, 5, labels.shape), "instances")
    np.testing.assert_array_equal(merged[confirmed > 0], labels[confirmed > 0])
    Delta.from_bytes(delta.to_bytes()).inverse().apply(labels, confirmed)
    np.testing.assert_array_equal((labels, confirmed), start)


def test_a_stroke_in_a_large_volume_costs_as_much_as_the_object() -> None:
    labels, confirmed = blank(1, 64, 1024, 1024)
    labels[0, 20:50, 500:530, 500:530] = 7
    yy, xx = np.mgrid[-5:6, -5:6]
    disk = ((35 * 1024 + 515 + yy) * 1024 + 515 + xx)[yy**2 + xx**2 <= 25]
    seconds = []
    for value in (8, 0, 7):
        start = time.perf_counter()
        edit = edits.paint(labels, confirmed, disk, value)
        delta = with_rest(edit, labels, confirmed, objects_touched(edit), highest=7)
        seconds.append(time.perf_counter() - start)
        assert (delta.confirmed_after == 3).sum() == 27_000 - len(disk)
    assert min(seconds) < 0.05, "looking through all of it takes longer"
