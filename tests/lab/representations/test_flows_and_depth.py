"""Flows, and depth and centre: they give the truth back, and teach nothing that is not known, turned or not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from apprentice_lab.representations import representation
from apprentice_lab.representations.flows import turn_vectors
from napari_apprentice.data.labels.scores import matches
from napari_apprentice.data.representations.patch import Patch
from napari_apprentice.engine.augment import AUGMENTATIONS
from napari_apprentice.engine.batches import Source, draw_patch
from napari_apprentice.engine.losses import Objective
from napari_apprentice.settings import DecodeSettings

NAMES = ("flows", "depth-and-centre")
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
    kind = representation("flows", 2)
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


def disks(depth: int = 1) -> np.ndarray:
    z, y, x = np.mgrid[:depth, :96, :96]
    labels = np.zeros((depth, 96, 96), np.uint32)
    for i, (cy, cx) in enumerate(((30, 30), (30, 53), (60, 45)), 1):
        labels[((z - depth // 2) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 <= 12**2) & (labels == 0)] = i
    return labels


def source_of(labels: np.ndarray, name: str) -> Source:
    """A source of an image of which all is known, that looks like its labels (Z, Y, X)."""
    kind = representation(name, 3 if len(labels) > 1 else 2)
    target, weight = kind.encode(labels, np.where(labels > 0, 2, 1))
    image, seen = torch.from_numpy(labels[None] * np.float32(0.1)), torch.from_numpy(labels.astype(np.float32))
    centres = np.argwhere(labels > 0)[::40].astype(np.float32)
    return Source(image, torch.from_numpy(target), torch.from_numpy(weight), seen, centres, representation=kind)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("depth", [1, 12])
@pytest.mark.parametrize("how", [*AUGMENTATIONS.values()], ids=list(AUGMENTATIONS))
def test_a_patch_teaches_what_its_own_labels_would(name: str, depth: int, how) -> None:
    labels = disks(depth)
    source = source_of(labels, name)
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
    source = source_of(labels, "flows")
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
