from __future__ import annotations

import numpy as np

from napari_apprentice.data.labels.differences import differences


def squares(*boxes) -> np.ndarray:
    """Labels (1, 1, 60, 60) with numbered boxes (y, x, height, width)."""
    labels = np.zeros((1, 1, 60, 60), np.uint32)
    for number, (y, x, height, width) in enumerate(boxes, 1):
        labels[0, 0, y : y + height, x : x + width] = number
    return labels


def test_each_kind_of_change_is_told_and_the_largest_come_first() -> None:
    same, one, half, other = (2, 2, 10, 10), (2, 30, 10, 20), (2, 30, 10, 10), (2, 40, 10, 10)
    gone, narrow, wide = (20, 2, 8, 8), (40, 2, 10, 10), (40, 2, 10, 14)
    before = squares(same, one, gone, narrow)
    after = squares(same, half, other, (40, 40, 5, 5), wide)
    found = differences(before, after, "instances")
    assert [(place.kind, place.voxels) for place in found.places] == [
        ("cut", 100),
        ("gone", 64),
        ("outline", 40),
        ("new", 25),
    ]
    assert found.count == 4
    assert found.places[1].point == (0, 0, 23, 5)
    assert set(np.unique(found.before)) == {0, 2, 3, 4}
    assert not found.after[..., 2:12, 2:12].any()  # what stays is not outlined
    back = differences(after, before, "instances")
    assert [place.kind for place in back.places] == ["merged", "new", "outline", "gone"]


def test_nothing_differs_where_only_ids_do() -> None:
    labels = squares((2, 2, 10, 10), (30, 30, 8, 8))
    other = np.where(labels == 1, 70, np.where(labels == 2, 5, 0)).astype(np.uint32)
    found = differences(labels, other, "instances")
    assert (found.count, found.places) == (0, ())
    assert not found.before.any()
    assert differences(np.zeros_like(labels), np.zeros_like(labels), "instances").count == 0


def test_frames_and_slices_are_named_and_at_most_so_many_places() -> None:
    before = np.zeros((2, 3, 60, 60), np.uint32)
    after = before.copy()
    for number in range(8):
        after[1, 1:, 20 * (number // 3) :, 20 * (number % 3) :][:, : 4 + number, : 4 + number] = number + 1
    found = differences(before, after, "instances", most=3)
    assert found.count == 8
    assert [place.point[0] for place in found.places] == [1, 1, 1]
    assert all(place.point[1] in (1, 2) for place in found.places)
    assert all(after[place.point] > 0 for place in found.places)


def test_areas_of_another_class_are_places() -> None:
    before, after = np.zeros((1, 1, 40, 40), np.uint32), np.zeros((1, 1, 40, 40), np.uint32)
    before[..., 5:15, 5:15] = 1
    after[..., 5:15, 5:15] = 2
    after[..., 30, 30] = 1  # a speck is not worth a look
    found = differences(before, after, "classes")
    assert [(place.kind, place.voxels) for place in found.places] == [("class", 100)]
    assert before[found.places[0].point] == 1
