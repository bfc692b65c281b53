"""Flows, and depth and centre: they give the truth back, and teach nothing that is not known, turned or not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.representation_contract import (
    SETTINGS,
    EveryRepresentation,
    KindOf,
    all_known,
    disks,
    partly_known,
    source_of,
    thick_slices,
    thin_and_side_by_side,
)

from apprentice_lab.representations import representation
from apprentice_lab.representations.flows import turn_vectors
from napari_apprentice.data.labels.scores import matches
from napari_apprentice.data.representations.patch import Patch
from napari_apprentice.engine.augment import AUGMENTATIONS
from napari_apprentice.engine.batches import draw_patch
from napari_apprentice.engine.losses import Objective
from napari_apprentice.settings import DecodeSettings

NAMES = ("flows", "depth-and-centre")


@pytest.fixture(params=NAMES)
def kind_of(request: pytest.FixtureRequest) -> KindOf:
    return lambda dims: representation(request.param, dims)


class TestEach(EveryRepresentation):
    """What all keep."""


def test_thin_objects_side_by_side_stay_two() -> None:
    labels, kind = thin_and_side_by_side(), representation("flows", 2)
    found = kind.decode(kind.encode(labels, all_known(labels))[0], SETTINGS)
    assert matches(labels, found, (0.9,))[0].average_precision == 1


def test_depth_and_centre_are_known_of_whole_objects_only() -> None:
    labels, confirmed = partly_known()
    target, weight = representation("depth-and-centre").encode(labels, confirmed)
    np.testing.assert_array_equal(weight[2] > 0, labels == 1)
    inside = (weight[1] > 0) & (labels > 0)
    np.testing.assert_array_equal(inside, labels == 1)
    assert (weight[1][confirmed == 1] == 1).all()
    assert target[1][labels == 1].max() == target[2][labels == 1].max() == 1
    assert target[2][labels == 1].min() == 0


def test_flows_are_known_of_whole_objects_only_and_lead_inwards() -> None:
    labels, confirmed = partly_known()
    target, weight = representation("flows").encode(labels, confirmed)
    for channel in (1, 2):
        np.testing.assert_array_equal(weight[channel] > 0, labels == 1)
    length = np.linalg.norm(target[1:], axis=0)[labels == 1]
    assert np.isclose(length, 1).sum() == 35
    assert (length == 0).sum() == 1
    assert target[1, 0, 4, 6] > 0.5
    assert target[1, 0, 9, 6] < -0.5
    assert target[2, 0, 6, 4] > 0.5


def test_one_slice_of_a_volume_teaches_neither_flows_nor_centres() -> None:
    labels = thick_slices()
    confirmed = np.zeros_like(labels, np.uint8)
    confirmed[5] = all_known(labels)[5]
    assert not representation("flows", 3).encode(labels, confirmed)[1][1:].any()
    assert not representation("depth-and-centre", 3).encode(labels, confirmed)[1][2].any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", [1, 12])
@pytest.mark.parametrize("how", [*AUGMENTATIONS.values()], ids=list(AUGMENTATIONS))
def test_a_patch_teaches_what_its_own_labels_would(name: str, depth: int, how) -> None:
    labels = disks(depth)
    source = source_of(labels, representation(name, 3 if len(labels) > 1 else 2))
    rng = np.random.default_rng(3)
    kind = representation(name, 3 if depth > 1 else 2)
    for _ in range(4):
        image, target, weight = draw_patch(source, (min(depth, 8), 64, 64), how, rng)
        assert target.shape == weight.shape == (len(kind.channels), *image.shape[1:])
        assert torch.isfinite(target).all()
        assert (weight >= 0).all()
        if name != "flows" or depth == 1 or how != AUGMENTATIONS["strong"]:  # bent, no ball is whole in 8 slices
            assert weight[1:].any()
        if name == "flows":
            length = torch.linalg.vector_norm(target[1:], dim=0)[weight[-1] > 0]
            assert ((length < 1.001) & ((length < 1e-3) | (length > 0.99))).all()


def test_vectors_turn_with_the_image() -> None:
    nothing = np.zeros((3, 1, 1, 1), np.float32)
    quarter = Patch(nothing, nothing, matrix=((0.0, -1.0), (1.0, 0.0)))  # patch x looks along image y
    down = np.zeros((2, 1, 1, 1), np.float32)
    down[0] = 1
    np.testing.assert_allclose(turn_vectors(down, quarter).flatten(), [0, 1], atol=1e-6)
    mirrored = Patch(nothing, nothing, matrix=((-0.5, 0.0), (0.0, 0.5)), scale=2.0, flip_z=True)
    vector = np.array([0.6, 0.0, 0.8], np.float32).reshape(3, 1, 1, 1)
    np.testing.assert_allclose(turn_vectors(vector, mirrored).flatten(), [-0.6, 0.0, -0.8], atol=1e-6)


def test_flows_of_a_turned_patch_lead_to_the_centre() -> None:
    labels = disks()
    source = source_of(labels, representation("flows", 3 if len(labels) > 1 else 2))
    rng = np.random.default_rng(0)
    kind = representation("flows")
    for _ in range(5):
        _, target, weight = draw_patch(source, (1, 96, 96), AUGMENTATIONS["light"], rng, anywhere=0)
        target[0] *= weight[1]  # without what is mirrored at the border
        assert 1 <= kind.decode(target.numpy(), DecodeSettings(min_size=40)).max() <= 3


@pytest.mark.parametrize("name", NAMES)
def test_an_objective_is_smallest_at_the_target_and_blind_where_weight_is_0(name: str) -> None:
    kind = representation(name)
    labels = disks()
    target, weight = (torch.from_numpy(part)[None] for part in kind.encode(labels, np.where(labels > 0, 2, 1)))
    weight[..., :40] = 0
    right = target.clone()
    chances = kind.meanings.count("probability")
    right[:, :chances] = 20 * target[:, :chances] - 10
    objective = Objective(kind.meanings)
    best = objective(right, target, weight)
    assert best < 0.01
    assert objective(right + 1.0, target, weight) > best
    for channel in range(len(kind.channels)):
        worse, blind = right.clone(), right.clone()
        worse[:, channel, ..., 40:] *= -1
        worse[:, channel, ..., 40:] += 1
        blind[:, channel, ..., :40] = torch.nan
        assert objective(worse, target, weight) > best + 0.01, channel
        assert objective(blind, target, weight) == best
