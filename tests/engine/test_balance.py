"""Rare classes weigh more, by a rule worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_apprentice.engine.balance import balance_classes
from napari_apprentice.engine.batches import Source


def _source(labels: np.ndarray, known: np.ndarray) -> Source:
    """Labels (Y, X) as a source of one slice whose target and weight have one channel."""
    target, weight = (torch.from_numpy(one.astype(np.float32))[None, None] for one in (labels, known))
    return Source(torch.zeros_like(target), target, weight, kind="classes")


def test_classes_weigh_by_the_root_of_how_rare_they_are() -> None:
    labels = np.array([[0] * 16, [1] * 4 + [2] * 1 + [0] * 11])
    known = np.ones((2, 16))
    known[1, 5:] = 0
    (found,) = balance_classes([_source(labels, known)], "classes")  # 16 background, 4 of the first, 1 of the second
    np.testing.assert_array_equal(found.weight[0, 0, 0], np.ones(16))
    np.testing.assert_array_equal(found.weight[0, 0, 1], [2, 2, 2, 2, 4, *[0] * 11])


def test_objects_and_background_weigh_the_same_in_all_up_to_six_times() -> None:
    few, many = _source(np.zeros((2, 2)), np.ones((2, 2))), _source(np.ones((3, 4)), np.ones((3, 4)))
    background, objects = balance_classes([few, many], "instances")  # 4 voxels of background, 12 of objects
    assert float(background.weight.max()) == pytest.approx(3)
    assert float(objects.weight.max()) == 1
    only = balance_classes(
        [_source(np.zeros((1, 1)), np.ones((1, 1))), _source(np.ones((9, 9)), np.ones((9, 9)))], "instances"
    )
    assert float(only[0].weight.max()) == 6


def test_what_is_unknown_stays_unknown_and_the_sources_are_not_changed() -> None:
    source = _source(np.array([[0, 0, 0, 1]]), np.array([[1, 1, 0, 1]]))
    (found,) = balance_classes([source], "instances")
    np.testing.assert_array_equal(found.weight[0, 0, 0], [1, 1, 0, 2])
    np.testing.assert_array_equal(source.weight[0, 0, 0], [1, 1, 0, 1])
