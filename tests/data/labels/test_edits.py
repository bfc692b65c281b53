"""Every edit is done, undone and redone exactly, and survives its record."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_apprentice.data.labels import edits
from napari_apprentice.data.labels.edits import Delta
from napari_apprentice.errors import UserError

SHAPE = (2, 3, 16, 20)


def _state(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, SHAPE).astype(np.uint32)
    confirmed = rng.integers(0, 3, SHAPE).astype(np.uint8)
    labels[confirmed == 1] = 0
    confirmed[(confirmed == 2) & (labels == 0)] = 0
    return labels, confirmed


def _some(seed: int = 3, count: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.prod(SHAPE), count)


MAKERS: dict[str, Callable[[np.ndarray, np.ndarray], Delta]] = {
    "paint": lambda a, v: edits.paint(a, v, _some(), 7),
    "erase": lambda a, v: edits.erase(a, v, _some()),
    "background": lambda a, v: edits.paint_background(a, v, _some()),
    "approve object": lambda a, v: edits.approve_object(a, v, np.argwhere(a == 2)[0], "instances"),
    "approve class": lambda a, v: edits.approve_object(a, v, np.argwhere((a == 2) & (v == 0))[0], "classes"),
    "approve region": lambda a, v: edits.approve_region(a, v, (slice(1), slice(1, 3), slice(2, 9), slice(None))),
    "new object": lambda a, v: edits.new_object(a, v, np.ones((1, 1, 4, 5), bool), ((1, 2), (0, 1), (13, 17), (2, 7))),
    "replace": lambda a, v: edits.replace_labels(a, v, _state(9)[0]),
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())
def test_do_undo_redo_is_exact(maker: Callable[[np.ndarray, np.ndarray], Delta]) -> None:
    labels, confirmed = _state()
    before = labels.copy(), confirmed.copy()
    delta = maker(labels, confirmed)
    assert len(delta) > 0
    np.testing.assert_array_equal(labels, before[0], "a maker changes nothing by itself")
    delta.apply(labels, confirmed)
    after = labels.copy(), confirmed.copy()
    delta.inverse().apply(labels, confirmed)
    np.testing.assert_array_equal(labels, before[0])
    np.testing.assert_array_equal(confirmed, before[1])
    Delta.from_bytes(delta.to_bytes()).apply(labels, confirmed)
    np.testing.assert_array_equal(labels, after[0])
    np.testing.assert_array_equal(confirmed, after[1])
    assert delta.labels_before.dtype == delta.labels_after.dtype == np.uint32
    assert delta.confirmed_before.dtype == delta.confirmed_after.dtype == np.uint8


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS.keys())
def test_arrays_need_not_be_contiguous(maker: Callable[[np.ndarray, np.ndarray], Delta]) -> None:
    labels, confirmed = _state()
    straight = labels.copy(), confirmed.copy()
    delta = maker(*straight)
    delta.apply(*straight)
    turned = np.asfortranarray(labels), np.asfortranarray(confirmed)
    maker(*turned).apply(*turned)
    np.testing.assert_array_equal(turned[0], straight[0])
    np.testing.assert_array_equal(turned[1], straight[1])


def test_paint_confirms_also_where_the_id_was_there() -> None:
    labels, confirmed = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    labels.flat[5] = 3
    edits.paint(labels, confirmed, [5, 6], 3).apply(labels, confirmed)
    assert list(labels.flat[5:7]) == [3, 3]
    assert list(confirmed.flat[5:7]) == [2, 2]
    assert len(edits.paint(labels, confirmed, [5, 6], 3)) == 0, "the second time there is nothing to change"


def test_paint_on_an_array_the_layer_painted_already_is_undone_to_what_was_there() -> None:
    labels, confirmed = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    labels.flat[5] = 3
    labels.flat[[5, 6]] = 9
    delta = edits.paint(labels, confirmed, [5, 6, 5], 9, before=[3, 0, 9])
    delta.apply(labels, confirmed)
    delta.inverse().apply(labels, confirmed)
    assert list(labels.flat[5:7]) == [3, 0]
    assert not confirmed.any()


def test_erase_says_background_only_where_an_object_was() -> None:
    labels, confirmed = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    labels.flat[5] = 3
    edits.erase(labels, confirmed, [4, 5, 6]).apply(labels, confirmed)
    assert list(confirmed.flat[4:7]) == [0, 1, 0]
    assert not labels.any()


def test_painting_zero_is_erasing() -> None:
    labels, confirmed = _state()
    one, two = edits.paint(labels, confirmed, _some(), 0), edits.erase(labels, confirmed, _some())
    assert one.to_bytes() == two.to_bytes()


def test_background_brush_removes_the_object_and_confirms_everywhere() -> None:
    labels, confirmed = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    labels.flat[5] = 3
    edits.paint_background(labels, confirmed, [4, 5, 6]).apply(labels, confirmed)
    assert list(confirmed.flat[4:7]) == [1, 1, 1]
    assert not labels.any()


def test_approving_an_object_takes_all_of_it_in_its_frame_only() -> None:
    labels, confirmed = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    labels[:, :, 2:5, 2:5] = 4
    labels[0, 2, 10, 10] = 4
    edits.approve_object(labels, confirmed, (0, 1, 3, 3), "instances").apply(labels, confirmed)
    np.testing.assert_array_equal(confirmed[0] == 2, labels[0] == 4)
    assert not confirmed[1].any()


def test_approving_a_class_takes_the_connected_region_in_its_slice() -> None:
    labels, confirmed = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    labels[0, :, 2:5, 2:5] = 2
    labels[0, 1, 10:12, 10] = 2
    edits.approve_object(labels, confirmed, (0, 1, 3, 3), "classes").apply(labels, confirmed)
    assert confirmed.sum() == 2 * 9
    assert (confirmed[0, 1, 2:5, 2:5] == 2).all()


def test_approving_where_nothing_is_says_what_to_do() -> None:
    labels, confirmed = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    for point in [(0, 0, 0, 0), (0, 0, -1, 0), (0, 0, 0, 99)]:
        with pytest.raises(UserError, match="point at an object"):
            edits.approve_object(labels, confirmed, point, "instances")


def test_approving_a_region_confirms_objects_and_background_in_it() -> None:
    labels, confirmed = _state()
    box = (slice(0, 1), slice(0, 3), slice(-4, None), slice(0, 5))
    edits.approve_region(labels, confirmed, box).apply(labels, confirmed)
    np.testing.assert_array_equal(confirmed[box], np.where(labels[box] > 0, 2, 1))


def test_new_object_leaves_confirmed_voxels_and_clears_what_it_mostly_covers() -> None:
    labels, confirmed = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    labels[0, 0, 2:6, 2:6] = 1  # a proposal, badly cut: 12 of its 16 voxels are covered
    labels[0, 0, 2:6, 8:20] = 2  # a proposal that is hardly touched
    labels[0, 0, 8, 8], confirmed[0, 0, 8, 8] = 3, 2
    mask = np.ones((1, 1, 7, 6), bool)
    edits.new_object(labels, confirmed, mask, ((0, 1), (0, 1), (2, 9), (3, 9))).apply(labels, confirmed)
    assert not (labels == 1).any(), "the rest of the badly cut proposal is gone"
    assert (labels == 2).sum() == 4 * 11
    assert labels[0, 0, 8, 8] == 3
    assert (labels == 4).sum() == 7 * 6 - 1
    assert (confirmed[labels == 4] == 2).all()
    assert (confirmed == 2).sum() == 7 * 6


def test_new_object_takes_a_free_id_where_the_last_one_is_taken() -> None:
    labels, confirmed = np.zeros((1, 1, 2, 4), np.uint32), np.zeros((1, 1, 2, 4), np.uint8)
    labels[0, 0, 0] = 1, 2, 2**32 - 1, 0
    edit = edits.new_object(labels, confirmed, np.ones((1, 1, 1, 4), bool), ((0, 1), (0, 1), (1, 2), (0, 4)))
    edit.apply(labels, confirmed)
    assert labels[0, 0].tolist() == [[1, 2, 2**32 - 1, 0], [3, 3, 3, 3]]


def test_new_object_of_a_class_takes_its_value_and_a_box_may_reach_outside() -> None:
    labels, confirmed = np.zeros(SHAPE, np.uint32), np.zeros(SHAPE, np.uint8)
    delta = edits.new_object(labels, confirmed, np.ones((1, 1, 4, 4), bool), ((0, 1), (0, 1), (-2, 2), (18, 22)), 5)
    delta.apply(labels, confirmed)
    assert (labels == 5).sum() == 4
    assert delta.box == ((0, 1), (0, 1), (0, 2), (18, 20))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.lists(st.integers(0, 1919), min_size=0, max_size=30), st.integers(0, 6)), max_size=6))
def test_strokes_joined_into_one_step_equal_the_strokes(strokes: list[tuple[list[int], int]]) -> None:
    labels, confirmed = _state()
    start = labels.copy(), confirmed.copy()
    joined: Delta | None = None
    for indices, value in strokes:
        delta = edits.paint(labels, confirmed, np.array(indices, int), value)
        delta.apply(labels, confirmed)
        joined = delta if joined is None else joined.then(delta)
    if joined is not None:
        again = start[0].copy(), start[1].copy()
        joined.apply(*again)
        np.testing.assert_array_equal(again[0], labels)
        np.testing.assert_array_equal(again[1], confirmed)
        joined.inverse().apply(labels, confirmed)
        np.testing.assert_array_equal(labels, start[0])
        np.testing.assert_array_equal(confirmed, start[1])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_record_is_refused(data: st.DataObject) -> None:
    labels, confirmed = _state()
    record = bytearray(edits.paint(labels, confirmed, _some(), 7).to_bytes())
    if data.draw(st.booleans()):
        del record[data.draw(st.integers(0, len(record) - 1)) :]
    else:
        place = data.draw(st.integers(0, len(record) - 1))
        record[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="damaged"):
        Delta.from_bytes(bytes(record))


@pytest.mark.parametrize("record", [b"", b"APD1", b"nonsense" * 20, bytes(100)])
def test_a_foreign_record_is_refused(record: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        Delta.from_bytes(record)


def test_an_edit_for_another_shape_is_refused() -> None:
    labels, confirmed = _state()
    delta = edits.paint(labels, confirmed, [1], 7)
    with pytest.raises(ValueError, match="shape"):
        delta.apply(labels[:1], confirmed[:1])
    with pytest.raises(ValueError, match="inside"):
        edits.paint(labels, confirmed, [10**6], 7)


def test_a_stroke_on_a_large_image_costs_only_what_it_touches() -> None:
    labels, confirmed = np.zeros((1, 1, 4096, 4096), np.uint32), np.zeros((1, 1, 4096, 4096), np.uint8)
    yy, xx = np.mgrid[-10:11, -10:11]
    disk = ((2000 + yy) * 4096 + 2000 + xx)[yy**2 + xx**2 <= 100]
    edits.paint(labels, confirmed, disk[:2], 1).apply(labels, confirmed)
    start = time.perf_counter()
    for shift in range(20):
        delta = edits.paint(labels, confirmed, disk + shift, 1)
        delta.apply(labels, confirmed)
        record = delta.to_bytes()
    assert (time.perf_counter() - start) / 20 < 0.01
    assert len(record) < 400
