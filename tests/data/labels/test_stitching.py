from __future__ import annotations

import numpy as np

from napari_apprentice.data.geometry.regions import Region
from napari_apprentice.data.labels.stitching import shells, stitch_labels

SHAPE = (1, 1, 6, 12)


def region(y: slice, x: slice) -> Region:
    return slice(0, 1), slice(0, 1), y, x


def whole_labels() -> np.ndarray:
    """An object 7 of three rows reaches to column 6, an object 9 lies above it."""
    labels = np.zeros(SHAPE, np.uint32)
    labels[0, 0, 2:5, 3:7] = 7
    labels[0, 0, 0:2, 5:7] = 9
    return labels


def around(right: Region) -> list:
    labels = whole_labels()
    return shells(right, SHAPE, lambda box: labels[box])


def test_faces_inside_the_image_have_a_shell_and_its_edges_have_none() -> None:
    found = around(region(slice(0, 6), slice(7, 12)))
    assert [(axis, at_end) for axis, at_end, _ in found] == [(3, False)]
    assert found[0][2].ravel().tolist() == [9, 9, 7, 7, 7, 0]


def test_an_object_that_goes_on_beyond_the_face_has_its_id_there_and_others_are_new() -> None:
    labels = np.zeros((1, 1, 6, 5), np.uint32)
    labels[0, 0, 2:5, 0:2] = 1  # goes on as 7
    labels[0, 0, 0:6, 3:5] = 2  # meets nothing
    out = stitch_labels(labels, np.zeros(0, np.uint32), around(region(slice(0, 6), slice(7, 12))), first=20)
    assert set(out[labels == 1]) == {7}
    assert set(out[labels == 2]) == {20}
    assert not out[labels == 0].any()


def test_of_two_objects_that_meet_the_same_one_only_the_one_that_meets_it_most_is_it() -> None:
    labels = np.zeros((1, 1, 6, 5), np.uint32)
    labels[0, 0, 2:4, 0] = 1  # two rows of 7
    labels[0, 0, 4:6, 0] = 2  # one row of 7
    out = stitch_labels(labels, np.zeros(0, np.uint32), around(region(slice(0, 6), slice(7, 12))), first=20)
    assert set(out[labels == 1]) == {7}
    assert set(out[labels == 2]) == {20}


def test_what_is_confirmed_keeps_its_id_and_nobody_else_takes_it() -> None:
    labels = np.zeros((1, 1, 6, 5), np.uint32)
    labels[0, 0, 2:5, 0] = 1
    labels[0, 0, 0, 4] = 7  # confirmed: the same object, seen on both sides
    out = stitch_labels(labels, np.array([7], np.uint32), around(region(slice(0, 6), slice(7, 12))), first=20)
    assert out[0, 0, 0, 4] == 7
    assert set(out[labels == 1]) == {20}
