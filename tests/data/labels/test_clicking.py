from __future__ import annotations

import numpy as np
import pytest

from napari_apprentice.data.labels import clicking
from napari_apprentice.data.labels.instances import separate
from napari_apprentice.settings import DecodeSettings

DECODE = DecodeSettings(prominence=0.3)


def discs(probability: float = 0.9, apart: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """A prediction (2, 1, 40, 60) of two discs of radius 9 that touch when ``apart`` is small; and who is who."""
    y, x = np.mgrid[:40, :60]
    values = np.zeros((2, 1, 40, 60), np.float32)
    near = np.stack([np.hypot(y - 20, x - 18), np.hypot(y - 20, x - 18 - apart)])
    inside = near.min(axis=0) <= 9
    values[0, 0] = np.where(inside, probability, 0.02)
    values[1, 0] = np.log1p(np.where(inside, 9.5 - near.min(axis=0), 0))
    return values, np.where(inside, near.argmin(axis=0) + 1, 0)[None]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_the_object_at_the_point_ends_where_its_neighbour_begins() -> None:
    values, truth = discs()
    for label, at in ((1, (0, 20, 15)), (2, (0, 22, 37))):
        assert overlap(clicking.object_at(values, at, DECODE, separate), truth == label) > 0.97


@pytest.mark.parametrize("probability", [0.4, 0.25, 0.12])
def test_what_the_network_doubts_is_proposed_all_the_same(probability: float) -> None:
    values, truth = discs(probability)
    assert overlap(clicking.object_at(values, (0, 20, 18), DECODE, separate), truth == 1) > 0.95


def test_a_click_may_miss_by_a_little() -> None:
    values, truth = discs(apart=30)
    assert overlap(clicking.object_at(values, (0, 20, 18 - 11), DECODE, separate), truth == 1) > 0.97
    assert not clicking.object_at(values, (0, 3, 3), DECODE, separate).any()


def test_holes_are_filled() -> None:
    values, truth = discs(apart=30)
    values[0, 0, 18:21, 16:19] = 0.1
    assert overlap(clicking.object_at(values, (0, 26, 18), DECODE, separate), truth == 1) > 0.97


def test_objects_in_a_volume_are_whole() -> None:
    z, y, x = np.mgrid[:20, :30, :30]
    inside = ((z - 10) / 7) ** 2 + ((y - 15) / 9) ** 2 + ((x - 15) / 9) ** 2 <= 1
    section = 9 * np.sqrt(np.maximum(0, 1 - ((z - 10) / 7) ** 2))
    distance = np.maximum(0, section - np.hypot(y - 15, x - 15))
    values = np.stack([inside * 0.9, np.log1p(distance + inside * 0.5)]).astype(np.float32)
    assert overlap(clicking.object_at(values, (5, 15, 15), DECODE, separate), inside) > 0.95


def test_a_region_of_a_class_is_connected_to_the_point() -> None:
    values = np.zeros((3, 1, 20, 40), np.float32)
    values[0] = 0.5
    values[2, 0, 5:15, 5:15] = 0.8
    values[2, 0, 5:15, 25:35] = 0.8
    mask = clicking.region_at(values, (0, 10, 10))
    assert mask.sum() == 100
    assert mask[0, 5:15, 5:15].all()


def test_the_best_class_is_proposed_where_none_is_most_probable() -> None:
    values = np.zeros((3, 1, 20, 20), np.float32)
    values[0] = 0.6
    values[1, 0, 5:15, 5:15] = 0.3
    assert clicking.region_at(values, (0, 10, 10)).sum() == 100
    assert not clicking.region_at(values, (0, 2, 2)).any()


@pytest.mark.parametrize("sign", [1, -1])
def test_pixels_outline_what_the_network_did_not_see(sign: int) -> None:
    y, x = np.mgrid[:60, :60]
    truth = (np.hypot(y - 30, x - 28) <= 10)[None]
    image = sign * truth + np.random.default_rng(0).normal(0, 0.1, truth.shape)
    assert overlap(clicking.outlined_at(image, (0, 32, 30), (1, 12, 12)), truth) > 0.75


def test_nothing_flows_away_where_there_is_nothing() -> None:
    image = np.random.default_rng(0).normal(0, 0.1, (1, 80, 80))
    mask = clicking.outlined_at(image, (0, 40, 40), (1, 10, 10))
    assert mask[0, 40, 40]
    assert mask.sum() < np.pi * 12.5**2
