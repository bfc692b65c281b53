from __future__ import annotations

import time

import pytest

from napari_apprentice.engine.clock import Clock
from napari_apprentice.settings import TeachSettings


def clock(**settings: float) -> Clock:
    return Clock(TeachSettings(**settings), lambda: False)


def test_how_many_steps_fit_is_known_after_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    slow = clock(max_seconds=180, max_steps=2000)
    now[0] = 11
    slow.begin_steps()
    now[0] = 17
    assert slow.steps_expected(1) is None  # six seconds for one: what was slow may have been the first only
    assert slow.too_few(1) == ""
    now[0] = 41  # 30 seconds for five: 160 of 180 - 11 - 9 are for steps
    assert slow.steps_expected(5) == 27
    assert slow.too_few(5) == (
        "Only about 27 steps fit into 3 minutes on this computer, and fewer than 60 teach little: give Teach 7 minutes."
    )


def test_nothing_is_said_where_enough_fit_or_were_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    fast, few = clock(max_seconds=180, max_steps=2000), clock(max_seconds=180, max_steps=8)
    now[0] = 10
    assert fast.steps_expected(20) == 342
    assert fast.too_few(20) == ""
    assert few.steps_expected(6) == 8
    assert few.too_few(6) == ""


def test_one_long_step_says_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    slow = clock(max_seconds=50)
    now[0] = 12
    assert slow.steps_expected(1) == 4
    assert "into 50 seconds" in slow.too_few(1)
    assert "give Teach 13 minutes" in slow.too_few(1)
