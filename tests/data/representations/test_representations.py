"""Every representation gives the truth back, and teaches nothing that is not known."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from napari_apprentice.data.labels.scores import matches
from napari_apprentice.data.representations import representation
from napari_apprentice.settings import DecodeSettings, RepresentationName

NAMES = get_args(RepresentationName)
SETTINGS = DecodeSettings(min_size=4)


def all_known(labels: np.ndarray) -> np.ndarray:
    return np.where(labels > 0, 2, 1).astype(np.uint8)


def flat_shapes() -> np.ndarray:
    y, x = np.mgrid[:96, :96]
    labels = np.zeros((96, 96), np.uint32)
    labels[(y - 20) ** 2 + (x - 20) ** 2 <= 12**2] = 7
    labels[((y - 20) ** 2 + (x - 43) ** 2 <= 11**2) & (labels == 0)] = 2  # touches it
    away = (y - 65) ** 2 + (x - 28) ** 2
    labels[(away >= 12**2) & (away <= 22**2) & ~((x > 28) & (abs(y - 65) < 8))] = 3  # bent around a hole
    labels[(abs((y - 60) - (x - 70)) < 3) & (y > 45) & (y < 85)] = 4  # thin
    return labels[None]


def thick_slices() -> np.ndarray:
    """Voxels of 3 x 1 x 1: two beside and two above each other, and a rod."""
    z, y, x = np.mgrid[:16, :48, :48]
    labels = np.zeros((16, 48, 48), np.uint32)
    labels[((z - 5) * 3) ** 2 + (y - 16) ** 2 + (x - 16) ** 2 <= 11**2] = 1
    labels[(((z - 5) * 3) ** 2 + (y - 16) ** 2 + (x - 34) ** 2 <= 8**2) & (labels == 0)] = 2
    labels[(((z - 11) * 3) ** 2 + (y - 16) ** 2 + (x - 16) ** 2 <= 9**2) & (labels == 0)] = 3
    labels[(abs(z - 8) < 2) & (abs(y - 38) < 3) & (x > 4) & (x < 44)] = 4
    return labels


@pytest.mark.parametrize("name", NAMES)
def test_round_concave_touching_and_thin_objects_come_back(name: str) -> None:
    labels, kind = flat_shapes(), representation(name, 2)
    target, weight = kind.encode(labels, all_known(labels))
    assert target.shape == weight.shape == (len(kind.channels), *labels.shape)
    assert target.dtype == weight.dtype == np.float32
    found = kind.decode(target, SETTINGS)
    assert found.dtype == np.uint32
    assert matches(labels, found, (0.9,))[0].average_precision == 1


@pytest.mark.parametrize("name", NAMES)
def test_objects_in_thick_slices_come_back(name: str) -> None:
    labels, kind = thick_slices(), representation(name, 3)
    target, _ = kind.encode(labels, all_known(labels), (3.0, 1.0, 1.0))
    assert len(target) == len(kind.channels)
    found = kind.decode(target.astype(np.float16), SETTINGS, (3.0, 1.0, 1.0))
    assert matches(labels, found, (0.9,))[0].average_precision == 1


def test_thin_objects_side_by_side_stay_two() -> None:
    labels = np.zeros((1, 24, 48), np.uint32)
    labels[0, 8:12, 6:42], labels[0, 12:16, 6:42] = 1, 2
    kind = representation("affinities", 2)
    found = kind.decode(kind.encode(labels, all_known(labels))[0], SETTINGS)
    assert matches(labels, found, (0.9,))[0].average_precision == 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dims", [2, 3])
def test_no_object_is_made_of_nothing(name: str, dims: int) -> None:
    kind = representation(name, dims)
    assert not kind.decode(np.zeros((len(kind.channels), 1 + 3 * (dims - 2), 16, 16)), SETTINGS).any()


@pytest.mark.parametrize("name", NAMES)
def test_where_nothing_is_confirmed_nothing_teaches(name: str) -> None:
    labels = flat_shapes()
    _, weight = representation(name, 2).encode(labels, np.zeros_like(labels, np.uint8))
    assert not weight.any()


def partly_known() -> tuple[np.ndarray, np.ndarray]:
    """A whole square (1), one of which a half is confirmed (2), an unknown one (3), a stroke of background."""
    labels = np.zeros((1, 20, 40), np.uint32)
    labels[0, 4:10, 4:10], labels[0, 4:10, 20:26], labels[0, 4:10, 30:36] = 1, 2, 3
    confirmed = np.zeros_like(labels, np.uint8)
    confirmed[0, 4:10, 4:10] = confirmed[0, 4:10, 20:23] = 2
    confirmed[0, 16, :] = 1
    return labels, confirmed


@pytest.mark.parametrize("name", NAMES)
def test_foreground_counts_exactly_where_confirmed(name: str) -> None:
    labels, confirmed = partly_known()
    target, weight = representation(name, 2).encode(labels, confirmed)
    np.testing.assert_array_equal(weight[0] > 0, confirmed > 0)
    np.testing.assert_array_equal(target[0] > 0, confirmed == 2)


def test_affinities_are_known_wherever_both_voxels_are() -> None:
    labels, confirmed = partly_known()
    kind = representation("affinities")
    target, weight = kind.encode(labels, confirmed)
    y, x = np.mgrid[:20, :40]
    for channel, (_, dy, dx) in enumerate(kind.offsets, 1):
        there = (y + dy < 20) & (x + dx < 40) & (y + dy >= 0) & (x + dx >= 0)
        b = tuple(np.clip(at, 0, n - 1) for at, n in ((y + dy, 20), (x + dx, 40)))
        first, second = confirmed[0], confirmed[0][b]
        both = (first == 2) & (second == 2)
        sure = there & (both | (first == 1) | (second == 1))
        got = weight[channel, 0] > 0
        assert (got[sure]).all()
        np.testing.assert_array_equal(target[channel, 0][there & both], (labels[0] == labels[0][b])[there & both])
        # what is known beside: a whole object is not what lies in its rim
        beside = got & ~sure
        whole = (labels[0] == 1) | (labels[0][b] == 1)
        assert whole[beside].all()
        assert not target[channel, 0][beside].any()
        # nothing is known of the unknown object and of what is beyond the image
        assert not got[there & (first == 0) & (second == 0)].any()
        assert not got[~there].any()
    half = (labels[0] == 2) & (first == 2)
    assert weight[2, 0][half][:-1].any(), "the half that is confirmed teaches affinities"


def test_one_slice_of_a_volume_teaches_affinities_and_distances() -> None:
    labels = thick_slices()
    confirmed = np.zeros_like(labels, np.uint8)
    confirmed[5] = all_known(labels)[5]
    counts = {name: representation(name, 3).encode(labels, confirmed)[1] for name in NAMES}
    assert counts["log-distance"][1, 5].all()
    kind = representation("affinities", 3)
    near = kind.offsets.index((0, 0, 1)) + 1
    assert counts["affinities"][near, 5, :, :-1].all()
    up = counts["affinities"][kind.offsets.index((1, 0, 0)) + 1]
    np.testing.assert_array_equal(up[5] > 0, labels[5] == 0)
    assert not up[8].any()
