"""Volumes seen with slices across another axis: what is done there is done to the volume."""

from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels import between_slices, object_edits
from napari_apprentice.data.labels.directions import AXES, Seen

SHAPE = (2, 3, 4, 5)


def arrays() -> tuple[np.ndarray, np.ndarray]:
    labels = np.zeros(SHAPE, np.uint32)
    labels[1, 1:3, 1:4, 1:5] = 7
    return labels, np.zeros(SHAPE, np.uint8)


@pytest.mark.parametrize("across", AXES)
def test_a_point_is_the_same_voxel_and_a_box_comes_back(across) -> None:
    labels = np.arange(np.prod(SHAPE), dtype=np.uint32).reshape(SHAPE)
    seen = Seen(labels, np.zeros(SHAPE, np.uint8), across)
    point = (1, 2, 0, 3)
    assert seen.labels[tuple(seen.point(point))] == labels[point]
    np.testing.assert_array_equal(seen.points([point, point]), [seen.point(point)] * 2)
    assert seen.back(seen.of((2.0, 0.5, 0.25))) == (2.0, 0.5, 0.25)
    assert seen.labels.shape[1] == SHAPE[1 + AXES.index(across)]
    assert np.shares_memory(seen.labels, labels)


@pytest.mark.parametrize("across", AXES)
def test_an_edit_of_what_is_seen_is_one_of_the_volume(across) -> None:
    labels, confirmed = arrays()
    seen = Seen(labels, confirmed, across)
    delta = seen.edit(object_edits.delete_object(seen.labels, seen.confirmed, seen.point((1, 2, 2, 2)), "instances"))
    assert delta.shape == SHAPE
    assert (np.diff(delta.indices) > 0).all()
    before = labels.copy()
    delta.apply(labels, confirmed)
    assert not labels.any()
    np.testing.assert_array_equal(confirmed, np.where(before > 0, 1, 0))
    delta.inverse().apply(labels, confirmed)
    np.testing.assert_array_equal(labels, before)
    assert not confirmed.any()


def test_an_object_annotated_in_two_xz_planes_is_filled_in_between_them() -> None:
    labels, confirmed = np.zeros((1, 5, 5, 5), np.uint32), np.zeros((1, 5, 5, 5), np.uint8)
    for y in (0, 4):
        labels[0, 1:4, y, 1:4], confirmed[0, 1:4, y, 1:4] = 2, 2
    seen = Seen(labels, confirmed, "y")
    seen.edit(between_slices.interpolate(seen.labels, seen.confirmed, seen.point((0, 2, 0, 2)))).apply(
        labels, confirmed
    )
    assert (labels[0, 1:4, :, 1:4] == 2).all()
    assert (labels > 0).sum() == 9 * 5
    assert (confirmed == 2).sum() == 9 * 5
