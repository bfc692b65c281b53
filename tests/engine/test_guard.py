from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_apprentice.data.representations.log_distance import LogDistance
from napari_apprentice.engine.guard import Guard
from napari_apprentice.settings import DecodeSettings

DECODE = DecodeSettings(min_size=4)


def said(labels: np.ndarray) -> np.ndarray:
    """What a network that is sure says (2, Z, Y, X)."""
    return LogDistance().encode(labels, np.full(labels.shape, 2, np.uint8), (1.0, 1.0, 1.0), labels > 0)[0]


def squares(skip=()) -> np.ndarray:
    labels = np.zeros((1, 200, 200), np.uint32)
    for number in range(25):
        if number not in skip:
            y, x = 10 + 38 * (number // 5), 10 + 38 * (number % 5)
            labels[0, y : y + 18, x : x + 18] = number + 1
    return labels


def looked(confirmed: np.ndarray, after: np.ndarray) -> Guard:
    guard = Guard(LogDistance())
    guard.remember(SimpleNamespace(confirmed=confirmed), said(squares()).astype(np.float32), DECODE)
    for place in range(len(guard.known)):
        guard.compare(place, said(after).astype(np.float32), DECODE)
    return guard


def test_what_is_gone_far_from_corrections_is_counted() -> None:
    confirmed = np.zeros((1, 200, 200), np.uint8)
    confirmed[:, :30, :30] = 2  # the first square, which is corrected
    guard = looked(confirmed, squares(skip=(0, 12, 13, 14)))
    assert (guard.total, guard.lost) == (24, 3)
    assert guard.share_lost == pytest.approx(1 / 8)


@pytest.mark.parametrize(("right", "is_against"), [(1.0, True), (0.9, False), (0.0, False)])
def test_as_much_may_go_as_is_wrong(right, is_against) -> None:
    guard = looked(np.zeros((1, 200, 200), np.uint8), squares(skip=(6, 7, 12)))
    assert (guard.total, guard.lost) == (25, 3)
    assert guard.is_against(right) is is_against


def test_without_anything_sure_it_says_nothing() -> None:
    guard = looked(np.full((1, 200, 200), 2, np.uint8), squares())
    assert guard.share_lost is None
    assert not guard.is_against(1.0)
