"""Which sizes are compared, and what the table says of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from apprentice_lab.bench import sizes
from napari_apprentice.data.models import read_header
from napari_apprentice.session.catalog import bundled_files

DATA = Path(__file__).parents[4] / "shared" / "data"


def test_the_size_that_is_bundled_is_among_them() -> None:
    nets = {(job[1], job[2]): sizes.net_of(job[1], job[2], 2) for job in sizes.plan_jobs(sizes.SizesSettings())}
    assert nets[16, 5] == read_header(dict(bundled_files().values())["nuclei-2d"]).net
    assert nets[8, 4].widths == (8, 16, 32, 64)


def test_a_line_has_the_mean_over_seeds_and_the_time() -> None:
    rows = [
        {"task": "nuclei-2d", "width": 8, "levels": 4, "score": score, "parameters": 120_000, "step_s": step}
        for score, step in ((0.5, 0.1), (0.7, 0.3))
    ]
    (line,) = sizes.summary(rows, {"8 x 4": {"median": 0.25, "all": [0.25]}})
    assert (line["mean"], line["ms"], line["step_s"]) == pytest.approx((0.6, 250.0, 0.2))
    assert line["sd"] == pytest.approx(0.2**0.5 / 10**0.5)  # of two: half the square of their difference
    (alone,) = sizes.summary(rows[:1], {"8 x 4": {"median": 0.25, "all": [0.25]}})
    assert alone["sd"] is None


@pytest.mark.data
@pytest.mark.slow
def test_sizes_learn_are_timed_and_found_again(tmp_path: Path) -> None:
    if not (DATA / "dsb2018").exists():
        pytest.skip("needs ../shared/data/dsb2018")
    settings = sizes.SizesSettings(
        data=DATA, tasks=("nuclei-2d",), widths=(4, 8), levels=(3,), seeds=(0,), steps=2, processes=1, repeats=1
    )
    said = list(sizes.run(tmp_path, settings))
    assert said[0] == "2 trainings to do, 0 done"
    table = json.loads((tmp_path / "results.json").read_text())["table"]
    assert [line["width"] for line in table] == [4, 8]
    assert table[0]["ms"] < table[1]["ms"]
    assert table[0]["parameters"] < table[1]["parameters"]
    assert (tmp_path / "sizes.png").stat().st_size > 1000
    assert next(sizes.run(tmp_path, settings)) == "0 trainings to do, 2 done"
