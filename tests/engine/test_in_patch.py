"""Targets seen through a view are those of what is seen."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from tests.representation_contract import disks, source_of

from napari_apprentice.data.representations import representation
from napari_apprentice.engine.augment import AUGMENTATIONS, NO_AUGMENTATION
from napari_apprentice.engine.batches import draw_patch
from napari_apprentice.engine.losses import Objective
from napari_apprentice.settings import RepresentationName

NAMES = get_args(RepresentationName)


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
        assert weight[1:].any()


def test_what_a_patch_cuts_off_is_not_whole() -> None:
    labels = np.ones((1, 96, 96), np.uint32)
    labels[0, :2] = 0
    source = source_of(labels, representation("affinities", 3 if len(labels) > 1 else 2))
    _, _, weight = draw_patch(source, (1, 32, 32), NO_AUGMENTATION, np.random.default_rng(0))
    assert weight[0].all()
    assert not weight[1, 0, -1].any(), "its partners are beyond the patch"


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
    assert objective(right + 1.0, target, weight) > best or name == "affinities"
    for channel in range(len(kind.channels)):
        worse, blind = right.clone(), right.clone()
        worse[:, channel, ..., 40:] *= -1
        worse[:, channel, ..., 40:] += 1
        blind[:, channel, ..., :40] = torch.nan
        assert objective(worse, target, weight) > best + 0.01, channel
        assert objective(blind, target, weight) == best
