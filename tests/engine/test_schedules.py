from __future__ import annotations

import math

import pytest

from napari_apprentice.engine.schedules import Cosine, Plateau, schedule_for


def test_the_cosine_warms_up_and_falls() -> None:
    schedule = Cosine(1.0, warmup=0.1, last=0.0)
    assert [schedule.rate(used) for used in (0.0, 0.05, 0.1, 0.55, 1.0)] == pytest.approx([0.02, 0.5, 1.0, 0.5, 0.0])


def test_the_plateau_halves_after_so_many_validations_that_were_no_better() -> None:
    schedule = Plateau(1.0, wait=2)
    rates = []
    for loss in (1.0, 0.8, 0.9, 0.7, 0.7, 0.71, 0.72, math.nan, 0.5):
        schedule.observe(loss)
        rates.append(schedule.rate(0.5))
    assert rates == [1, 1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25]


def test_a_plateau_warms_up_too_and_noise_is_no_progress() -> None:
    schedule = Plateau(2.0, wait=1, warmup=0.1)
    assert schedule.rate(0.05) == pytest.approx(1.0)
    schedule.observe(1.0)
    schedule.observe(0.995)
    assert schedule.rate(1.0) == 1.0


def test_settings_name_schedules() -> None:
    assert isinstance(schedule_for("cosine", 1e-3), Cosine)
    assert isinstance(schedule_for("plateau", 1e-3), Plateau)
