"""Every representation gives the truth back, and teaches nothing that is not known."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from tests.representation_contract import (
    SETTINGS,
    EveryRepresentation,
    KindOf,
    all_known,
    partly_known,
    thick_slices,
    thin_and_side_by_side,
)

from napari_apprentice.data.labels.scores import matches
from napari_apprentice.data.representations import representation
from napari_apprentice.settings import RepresentationName

NAMES = get_args(RepresentationName)


@pytest.fixture(params=NAMES)
def kind_of(request: pytest.FixtureRequest) -> KindOf:
    return lambda dims: representation(request.param, dims)


class TestEach(EveryRepresentation):
    """What all keep."""


def test_thin_objects_side_by_side_stay_two() -> None:
    labels, kind = thin_and_side_by_side(), representation("affinities", 2)
    found = kind.decode(kind.encode(labels, all_known(labels))[0], SETTINGS)
    assert matches(labels, found, (0.9,))[0].average_precision == 1


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
