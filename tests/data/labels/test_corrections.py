"""What is confirmed stays as it is, whatever is proposed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from napari_apprentice.data.labels.corrections import Corrections, merge_proposal, rim, whole_sections
from napari_apprentice.errors import UserError

SHAPE = (2, 2, 5, 6)


def _row(*values: int, dtype: Any = np.uint32) -> np.ndarray:
    return np.array(values, dtype).reshape(1, 1, 1, -1)


def _confirmed(*values: int) -> np.ndarray:
    return _row(*values, dtype=np.uint8)


@st.composite
def states(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ids = st.sampled_from([0, 0, 1, 2, 3, 4, 70, 2**32 - 1])
    labels = draw(hnp.arrays(np.uint32, SHAPE, elements=ids))
    confirmed = draw(hnp.arrays(np.uint8, SHAPE, elements=st.integers(0, 2)))
    labels[confirmed == 1] = 0
    confirmed[(confirmed == 2) & (labels == 0)] = 0
    proposal = draw(hnp.arrays(np.uint32, SHAPE, elements=st.sampled_from([0, 0, 1, 2, 3, 5, 2**32 - 1])))
    return labels, confirmed, proposal


@settings(max_examples=300, deadline=None)
@given(states(), st.sampled_from(["instances", "classes"]))
def test_a_proposal_never_changes_a_confirmed_voxel(state: tuple[np.ndarray, ...], kind: Any) -> None:
    labels, confirmed, proposal = state
    copies = [a.copy() for a in state]
    merged = merge_proposal(labels, confirmed, proposal, kind)
    assert merged.dtype == np.uint32
    assert merged.shape == SHAPE
    sure = confirmed > 0
    np.testing.assert_array_equal(merged[sure], labels[sure])
    for array, copy in zip(state, copies, strict=True):
        np.testing.assert_array_equal(array, copy, "inputs are left alone")
    if kind == "classes":
        np.testing.assert_array_equal(merged[~sure], proposal[~sure])


@settings(max_examples=300, deadline=None)
@given(states())
def test_no_two_objects_share_an_id(state: tuple[np.ndarray, ...]) -> None:
    labels, confirmed, proposal = state
    merged = merge_proposal(labels, confirmed, proposal, "instances")
    open_ = confirmed == 0
    for frame in range(SHAPE[0]):
        for value in np.unique(merged[frame][merged[frame] > 0]):
            filled = (merged[frame] == value) & open_[frame]
            sources = np.unique(proposal[frame][filled])
            assert len(sources) <= 1, "what is filled in with one id is one proposed object"
            assert 0 not in sources
            fixed = (labels[frame] == value) & (confirmed[frame] == 2)
            if filled.any() and (fixed.any() or ((labels == value) & (confirmed == 2)).any()):
                assert fixed.any(), "only an object confirmed in this frame can hand on its id"
                assert ((labels[frame] == value) & open_[frame]).any(), "and only when a part of it is open"
    new = [set(np.unique(merged[t][(confirmed[t] == 0) & (merged[t] > 0)])) for t in range(2)]
    kept = set(np.unique(labels[confirmed == 2]))
    assert not (new[0] & new[1]) - kept, "fresh ids differ from frame to frame"


@settings(max_examples=100, deadline=None)
@given(states())
def test_with_nothing_confirmed_the_objects_are_those_proposed(state: tuple[np.ndarray, ...]) -> None:
    labels, _, proposal = state
    merged = merge_proposal(labels, np.zeros(SHAPE, np.uint8), proposal, "instances")
    pairs = np.unique(np.stack([merged.ravel(), proposal.ravel(), np.indices(SHAPE)[0].ravel()]), axis=1)
    np.testing.assert_array_equal(merged > 0, proposal > 0)
    assert len(np.unique(pairs[0][pairs[0] > 0])) == (pairs[0] > 0).sum()


@settings(max_examples=100, deadline=None)
@given(states())
def test_proposing_the_same_again_changes_no_shape(state: tuple[np.ndarray, ...]) -> None:
    labels, confirmed, proposal = state
    once = merge_proposal(labels, confirmed, proposal, "classes")
    np.testing.assert_array_equal(merge_proposal(once, confirmed, proposal, "classes"), once)


def test_a_proposal_mostly_on_an_approved_object_is_dropped_otherwise_clipped() -> None:
    labels, confirmed = _row(5, 5, 5, 5, 0, 0, 0, 0, 0), _confirmed(2, 2, 2, 2, 0, 0, 0, 0, 0)
    proposal = _row(1, 1, 1, 2, 2, 2, 2, 3, 3)
    merged = merge_proposal(labels, confirmed, proposal, "instances")
    np.testing.assert_array_equal(merged.ravel(), [5, 5, 5, 5, 1, 1, 1, 2, 2])
    proposal = _row(0, 7, 7, 7, 7, 0, 0, 0, 0)
    merged = merge_proposal(labels, confirmed, proposal, "instances")
    np.testing.assert_array_equal(merged.ravel(), [5, 5, 5, 5, 0, 0, 0, 0, 0])


def test_an_object_erased_by_the_user_does_not_come_back_as_a_sliver() -> None:
    labels, confirmed = _row(0, 0, 0, 0, 0, 0), _confirmed(0, 1, 1, 1, 0, 0)
    merged = merge_proposal(labels, confirmed, _row(4, 4, 4, 4, 4, 0), "instances")
    assert not merged.any()


def test_the_rest_of_a_partly_confirmed_object_inherits_its_id() -> None:
    labels, confirmed = _row(0, 9, 9, 9, 9, 0, 1, 1), _confirmed(0, 2, 2, 0, 0, 0, 0, 0)
    merged = merge_proposal(labels, confirmed, _row(3, 3, 3, 3, 3, 0, 3, 2), "instances")
    np.testing.assert_array_equal(merged.ravel(), [9, 9, 9, 9, 9, 0, 9, 1])


def test_of_several_fragments_only_the_best_inherits() -> None:
    labels, confirmed = _row(9, 9, 9, 9, 9, 9, 9), _confirmed(2, 2, 0, 0, 0, 0, 0)
    merged = merge_proposal(labels, confirmed, _row(0, 1, 1, 1, 1, 2, 2), "instances")
    np.testing.assert_array_equal(merged.ravel(), [9, 9, 9, 9, 9, 1, 1])


def test_a_distant_neighbour_does_not_inherit() -> None:
    labels, confirmed = _row(9, 9, 9, 9, 9, 0, 0, 0, 0), _confirmed(2, 2, 0, 0, 0, 0, 0, 0, 0)
    merged = merge_proposal(labels, confirmed, _row(0, 0, 0, 0, 6, 6, 6, 6, 6), "instances")
    np.testing.assert_array_equal(merged.ravel(), [9, 9, 0, 0, 1, 1, 1, 1, 1])


def test_fresh_ids_fill_the_gaps_between_confirmed_ones() -> None:
    labels, confirmed = _row(1, 3, 0, 0, 0), _confirmed(2, 2, 0, 0, 0)
    merged = merge_proposal(labels, confirmed, _row(0, 0, 11, 12, 13), "instances")
    np.testing.assert_array_equal(merged.ravel(), [1, 3, 2, 4, 5])


def test_wrong_shapes_are_refused_in_one_sentence() -> None:
    with pytest.raises(UserError, match="choose another labels layer"):
        Corrections(np.zeros((1, 1, 4, 4), np.uint32), np.zeros((1, 1, 4, 5), np.uint8))
    state = np.zeros((1, 1, 4, 4), np.uint32), np.zeros((1, 1, 4, 4), np.uint8)
    with pytest.raises(UserError, match="segment this image again"):
        merge_proposal(*state, np.zeros((1, 1, 4, 5), np.uint32), "instances")


def test_a_section_is_whole_when_all_of_it_in_its_slice_is_confirmed() -> None:
    labels = np.zeros((1, 2, 3, 6), np.uint32)
    labels[0, :, 1, 0:3], labels[0, 0, 1, 3:5] = 8, 2**32 - 1
    confirmed = np.where(labels > 0, 2, 0).astype(np.uint8)
    confirmed[0, 1, 1, 2] = 0
    whole = whole_sections(labels, confirmed)
    np.testing.assert_array_equal(whole[0, 0], labels[0, 0] > 0)
    assert not whole[0, 1].any()


@settings(max_examples=60, deadline=None)
@given(states(), st.integers(1, 3))
def test_the_rim_is_unknown_and_as_near_as_the_distance_transform_says(
    state: tuple[np.ndarray, ...], width: int
) -> None:
    labels, confirmed, _ = state
    whole, around = whole_sections(labels, confirmed), rim(labels, confirmed, width)
    for t, z in np.ndindex(SHAPE[:2]):
        sure = labels[t, z][confirmed[t, z] == 2]
        open_ = labels[t, z][confirmed[t, z] != 2]
        expected = np.isin(labels[t, z], np.setdiff1d(np.setdiff1d(sure, open_), [0]))
        np.testing.assert_array_equal(whole[t, z], expected)
        near = ndimage.distance_transform_edt(~expected) <= width if expected.any() else np.zeros_like(expected)
        np.testing.assert_array_equal(around[t, z], near & (confirmed[t, z] == 0))
