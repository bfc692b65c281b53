"""What comparisons of trainings share: what is done is found again, and what would stop them is said first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from apprentice_lab.bench.experiment import Experiment, Trained
from apprentice_lab.bench.sizes import SizesSettings
from napari_apprentice.errors import UserError

Job = tuple[str, int]


def planned(settings: SizesSettings) -> list[Job]:
    return [(name, seed) for seed in settings.seeds for name in ("b", "a")]


def missing(data: Path, jobs: Sequence[Job]) -> None:
    raise UserError(f"{data.name} has nothing for {jobs}")


def never(settings: SizesSettings, job: Job, checkpoint: Path) -> Trained:
    raise AssertionError("nothing is trained when something is missing")


TOY = Experiment(planned, lambda job: f"{job[0]}-{job[1]}", missing, never)


def test_finished_trainings_are_found_again_in_the_order_they_are_planned(tmp_path: Path) -> None:
    settings = SizesSettings(data=tmp_path / "sets", seeds=(0, 1))
    (tmp_path / "runs").mkdir()
    for job in planned(settings):
        TOY.place(tmp_path, job).write_text(json.dumps({"job": job}))
    doing = TOY.rows(tmp_path, settings)
    assert next(doing) == "0 trainings to do, 4 done"
    with pytest.raises(StopIteration) as done:
        next(doing)
    rows = done.value.value
    assert [row["job"] for row in rows] == [["b", 0], ["a", 0], ["b", 1], ["a", 1]]


def test_what_would_stop_a_training_is_said_before_the_first_one_starts(tmp_path: Path) -> None:
    settings = SizesSettings(data=tmp_path / "sets", seeds=(3,))
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "b-3.json").write_text("{}")
    doing = TOY.rows(tmp_path, settings)
    assert next(doing) == "1 trainings to do, 1 done"
    with pytest.raises(UserError, match=r"sets has nothing for \[\('a', 3\)\]"):
        next(doing)
