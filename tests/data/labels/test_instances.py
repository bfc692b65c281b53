from __future__ import annotations

import numpy as np

from napari_apprentice.data.geometry.basins import basins
from napari_apprentice.data.labels import classes
from napari_apprentice.data.labels.instances import decode, emphasis, encode
from napari_apprentice.settings import DecodeSettings


def _all_known(labels: np.ndarray) -> np.ndarray:
    return np.where(labels > 0, 2, 1).astype(np.uint8)


def _perfect(labels: np.ndarray) -> np.ndarray:
    return encode(labels, _all_known(labels))[0]


def test_distance_is_measured_to_the_objects_own_outline() -> None:
    labels = np.array([[[0, 1, 1, 1, 2, 2, 0]]], np.uint32).repeat(9, axis=1)
    target, weight = encode(labels, _all_known(labels))
    np.testing.assert_allclose(np.expm1(target[1, 0, 4]), [0, 1, 2, 1, 1, 1, 0], atol=1e-6)
    np.testing.assert_array_equal(target[0, 0, 4], [0, 1, 1, 1, 1, 1, 0])
    assert (weight == 1).all()


def test_what_is_not_confirmed_has_no_weight() -> None:
    labels = np.zeros((1, 9, 9), np.uint32)
    labels[0, 3:6, 3:6] = 1
    labels[0, 0:2, 8] = 2
    confirmed = np.zeros_like(labels, np.uint8)
    confirmed[labels == 1] = 2
    confirmed[0, 8, :] = 1
    target, weight = encode(labels, confirmed)
    assert weight[0].sum() == 9 + 9
    # distance: the object, its rim (a disk of radius 2 around 3 x 3 voxels covers 37), the background
    rim = (weight[1, 0] > 0) & (labels[0] != 1) & (confirmed[0] != 1)
    assert rim.sum() == 37 - 9
    assert (target[1, 0][rim] == 0).all()
    assert weight[0, 0, 0, 8] == weight[1, 0, 0, 8] == 0
    assert (target[0][labels == 2] == 0).all()


def test_an_object_that_is_not_whole_teaches_foreground_but_no_distance() -> None:
    labels = np.zeros((2, 8, 8), np.uint32)
    labels[:, 2:6, 2:6] = 3
    confirmed = np.zeros_like(labels, np.uint8)
    confirmed[0, 2:6, 2:4] = 2
    confirmed[1, 2:6, 2:6] = 2
    target, weight = encode(labels, confirmed)
    assert weight[0, 0].sum() == 8
    assert target[0, 0].sum() == 8
    assert weight[1, 0].sum() == 0
    assert (weight[1, 1, 2:6, 2:6] == 1).all(), "its section in the other slice is whole"


def _disks(*disks: tuple[float, float, float], size: int = 48) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    labels = np.zeros((1, size, size), np.uint32)
    for i, (cy, cx, r) in enumerate(disks, start=1):
        labels[0][((y - cy) ** 2 + (x - cx) ** 2 <= r * r) & (labels[0] == 0)] = i
    return labels


def test_two_touching_disks_are_two_objects() -> None:
    labels = _disks((24, 15, 9), (24, 31, 8))
    np.testing.assert_array_equal(decode(_perfect(labels), DecodeSettings()) > 0, labels > 0)
    found = decode(_perfect(labels), DecodeSettings())
    assert found.dtype == np.uint32
    assert found.max() == 2
    assert (found != labels).mean() < 0.01


def test_an_ellipse_is_one_object() -> None:
    y, x = np.mgrid[:64, :64]
    labels = (((y - 32) / 8) ** 2 + ((x - 32) / 25) ** 2 <= 1).astype(np.uint32)[None]
    assert decode(_perfect(labels), DecodeSettings()).max() == 1


def test_noise_does_not_split_an_object_and_crumbs_are_dropped() -> None:
    prediction = _perfect(_disks((20, 20, 12), (40, 40, 1)))
    prediction[1] += np.random.default_rng(0).normal(0, 0.05, prediction[1].shape)
    assert decode(prediction.astype(np.float16), DecodeSettings()).max() == 1
    assert decode(prediction, DecodeSettings(min_size=0)).max() == 2
    assert decode(np.zeros((2, 1, 16, 16)), DecodeSettings()).max() == 0


def test_stacked_spheres_in_thick_slices_are_two_objects() -> None:
    z, y, x = np.mgrid[:14, :40, :40]
    labels = np.zeros((14, 40, 40), np.uint32)
    for i, cz in enumerate((3.5, 9.5), start=1):
        labels[((z - cz) * 3) ** 2 + (y - 20) ** 2 + (x - 20) ** 2 <= 81] = i
    assert (labels[6] > 0).any(), "they touch"
    found = decode(_perfect(labels), DecodeSettings(), spacing=(3.0, 1.0, 1.0))
    assert found.max() == 2
    assert (found != labels).mean() < 0.01


def test_basins_are_joined_below_the_prominence() -> None:
    # peaks 3, 2.9 and 2 with passes 2.8 and 1
    height = np.array([[[1, 3, 2.8, 2.9, 1, 2, 1]]], np.float32)
    inside = np.ones_like(height, bool)
    assert basins(height, inside, 0.05).max() == 3
    np.testing.assert_array_equal(basins(height, inside, 0.5)[0, 0, [1, 3]], [1, 1])
    assert basins(height, inside, 0.5).max() == 2
    assert basins(height, inside, 1.5).max() == 1


def test_contacts_and_small_objects_count_more() -> None:
    labels = _disks((24, 15, 9), (24, 31, 8), (8, 40, 3))
    factor = emphasis(labels)[0]
    assert factor[24, 23] > 1.5
    assert factor[8, 40] == np.float32(2.5)
    assert factor[45, 2] == 1


def test_classes_teach_where_confirmed() -> None:
    labels = np.array([[[1, 2, 2, 0]]], np.uint32)
    confirmed = np.array([[[2, 2, 0, 1]]], np.uint8)
    target, weight = classes.encode(labels, confirmed)
    np.testing.assert_array_equal(target[0, 0, 0], [1, 2, 0, 0])
    np.testing.assert_array_equal(weight[0, 0, 0], [1, 1, 0, 1])
    one_hot = np.moveaxis(np.eye(3)[labels], -1, 0)
    np.testing.assert_array_equal(classes.decode(one_hot), labels)


def test_a_region_whose_peak_lies_beside_it_is_not_lost() -> None:
    prediction = np.zeros((2, 1, 20, 30), np.float32)
    prediction[0, 0, 5:15, 5:15] = 0.9
    prediction[1, 0] = np.log1p(np.arange(30))  # rises beyond the foreground
    labels = decode(prediction, DecodeSettings())
    assert (labels > 0).sum() == 100


def test_objects_of_half_precision_are_chosen_by_size_and_confidence() -> None:
    labels = _disks((12, 12, 8), (12, 36, 4), (36, 24, 7))
    prediction = _perfect(labels).astype(np.float16)
    prediction[0][labels == 3] = 0.625
    assert decode(prediction, DecodeSettings()).max() == 3
    np.testing.assert_array_equal(np.unique(labels[decode(prediction, DecodeSettings(min_size=60)) > 0]), [1, 3])
    np.testing.assert_array_equal(np.unique(labels[decode(prediction, DecodeSettings(confidence=0.7)) > 0]), [1, 2])
    edged = decode(prediction, DecodeSettings(edge=0.9))
    assert 0 < (edged > 0).sum() < (labels > 0).sum()


def test_a_large_field_is_decoded_as_its_parts_are() -> None:
    tile = _disks((12, 12, 9), (12, 29, 8), (34, 30, 10))
    labels = np.tile(np.pad(tile, ((0, 0), (8, 8), (8, 8))), (1, 10, 10))  # 640 x 640 are several blocks
    noise = np.random.default_rng(0).normal(0, 0.02, (2, 1, 640, 640))
    found = decode(_perfect(labels) + noise, DecodeSettings())
    assert found.max() == 300
    one = decode((_perfect(labels) + noise)[:, :, 448:576, 448:576], DecodeSettings())
    np.testing.assert_array_equal(one > 0, found[:, 448:576, 448:576] > 0)
    assert len(np.unique(found[:, 448:576, 448:576])) == len(np.unique(one)) == 13
