"""What every representation keeps, wherever it lives: shapes to try it on, and the tests of it.

A test module gives the fixture ``kind_of``, which makes a representation for 2 or 3 dimensions, and a subclass of
`EveryRepresentation`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from napari_apprentice.data.labels.scores import matches
from napari_apprentice.data.representations import Representation
from napari_apprentice.engine.batches import Source
from napari_apprentice.settings import DecodeSettings

SETTINGS = DecodeSettings(min_size=4)

KindOf = Callable[[int], Representation]


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


def partly_known() -> tuple[np.ndarray, np.ndarray]:
    """A whole square (1), one of which a half is confirmed (2), an unknown one (3), a stroke of background."""
    labels = np.zeros((1, 20, 40), np.uint32)
    labels[0, 4:10, 4:10], labels[0, 4:10, 20:26], labels[0, 4:10, 30:36] = 1, 2, 3
    confirmed = np.zeros_like(labels, np.uint8)
    confirmed[0, 4:10, 4:10] = confirmed[0, 4:10, 20:23] = 2
    confirmed[0, 16, :] = 1
    return labels, confirmed


def disks(depth: int = 1) -> np.ndarray:
    z, y, x = np.mgrid[:depth, :96, :96]
    labels = np.zeros((depth, 96, 96), np.uint32)
    for i, (cy, cx) in enumerate(((30, 30), (30, 53), (60, 45)), 1):
        labels[((z - depth // 2) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 <= 12**2) & (labels == 0)] = i
    return labels


def source_of(labels: np.ndarray, kind: Representation) -> Source:
    """A source of an image of which all is known, that looks like its labels (Z, Y, X)."""
    target, weight = kind.encode(labels, np.where(labels > 0, 2, 1))
    image, seen = torch.from_numpy(labels[None] * np.float32(0.1)), torch.from_numpy(labels.astype(np.float32))
    centres = np.argwhere(labels > 0)[::40].astype(np.float32)
    return Source(image, torch.from_numpy(target), torch.from_numpy(weight), seen, centres, representation=kind)


class EveryRepresentation:
    """The tests; ``kind_of`` is a fixture of the module that subclasses."""

    def test_round_concave_touching_and_thin_objects_come_back(self, kind_of: KindOf) -> None:
        labels, kind = flat_shapes(), kind_of(2)
        target, weight = kind.encode(labels, all_known(labels))
        assert target.shape == weight.shape == (len(kind.channels), *labels.shape)
        assert target.dtype == weight.dtype == np.float32
        found = kind.decode(target, SETTINGS)
        assert found.dtype == np.uint32
        assert matches(labels, found, (0.9,))[0].average_precision == 1

    def test_objects_in_thick_slices_come_back(self, kind_of: KindOf) -> None:
        labels, kind = thick_slices(), kind_of(3)
        target, _ = kind.encode(labels, all_known(labels), (3.0, 1.0, 1.0))
        assert len(target) == len(kind.channels)
        found = kind.decode(target.astype(np.float16), SETTINGS, (3.0, 1.0, 1.0))
        assert matches(labels, found, (0.9,))[0].average_precision == 1

    @pytest.mark.parametrize("dims", [2, 3])
    def test_no_object_is_made_of_nothing(self, kind_of: KindOf, dims: int) -> None:
        kind = kind_of(dims)
        assert not kind.decode(np.zeros((len(kind.channels), 1 + 3 * (dims - 2), 16, 16)), SETTINGS).any()

    def test_where_nothing_is_confirmed_nothing_teaches(self, kind_of: KindOf) -> None:
        labels = flat_shapes()
        _, weight = kind_of(2).encode(labels, np.zeros_like(labels, np.uint8))
        assert not weight.any()

    def test_foreground_counts_exactly_where_confirmed(self, kind_of: KindOf) -> None:
        labels, confirmed = partly_known()
        target, weight = kind_of(2).encode(labels, confirmed)
        np.testing.assert_array_equal(weight[0] > 0, confirmed > 0)
        np.testing.assert_array_equal(target[0] > 0, confirmed == 2)


def thin_and_side_by_side() -> np.ndarray:
    labels = np.zeros((1, 24, 48), np.uint32)
    labels[0, 8:12, 6:42], labels[0, 12:16, 6:42] = 1, 2
    return labels
