"""Which networks are compared, and what the table says."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from apprentice_lab.bench import family, family_report
from apprentice_lab.bench.tasks import TASKS
from napari_apprentice.architecture import PRESETS, preset

DATA = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.parametrize("task", TASKS.values(), ids=list(TASKS))
def test_networks_are_of_comparable_size(task) -> None:
    goal = preset("unet", task.dims, 2, task.out_channels, 16).parameters
    for name in PRESETS:
        if task.dims in PRESETS[name].dims:
            net = family.net_for(task, name, 16, 2)
            assert 0.4 < net.parameters / goal < 2.6, name
            assert all(n % m == 0 for n, m in zip(task.patch, net.multiple, strict=True)), name


def test_the_published_form_is_valid_and_costs_more() -> None:
    task = TASKS["nuclei-2d"]
    padded = family.net_for(task, "unet-2015", 16, 2)
    published = family.net_for(task, "unet-2015" + family.VALID, 16, 2)
    assert (padded.padding, published.padding) == ("same", "valid")
    assert padded.parameters == published.parameters
    assert family_report.gflop(published) > 1.5 * family_report.gflop(padded)


def test_seeds_are_done_one_after_the_other_and_3d_nets_only_in_3d() -> None:
    jobs = family.plan_jobs(family.FamilySettings(networks=("unet", "unet3d")))
    assert [seed for _, _, seed in jobs] == sorted(seed for _, _, seed in jobs)
    assert {task for task, label, _ in jobs if label == "unet3d"} == {"nuclei-3d"}


def test_the_table_has_mean_and_deviation_best_first(tmp_path: Path) -> None:
    rows, times = [], {}
    for label, dice in (("unet", (0.5, 0.7)), ("deeplab", (0.1, 0.1))):
        net = family.net_for(TASKS["membranes"], label, 16, 2)
        times[label] = {"median": 0.5, "all": [0.5]}
        rows += [
            {"task": "membranes", "network": label, "seed": seed, "scores": {"Dice": value}, "step_s": 0.1}
            | {"net": net.model_dump(mode="json")}
            for seed, value in enumerate(dice)
        ]
    ways = [{"channels_last": True, "bfloat16": False, "compile": True, "problem": "no compiler"}]
    said = list(family_report.write(tmp_path, {}, rows, {"predict": {"2D": times}, "features": ways}))
    places = [i for i, line in enumerate(said) if line.startswith(("| unet", "| deeplab"))]
    assert "0.600 ± 0.141" in said[places[0]]
    assert "28.9 M" in said[places[0]]  # as published
    assert said[places[1]].startswith("| deeplab")
    assert "no compiler" in said[-1]
    assert json.loads((tmp_path / "results.json").read_text())["table"][0]["mean"] == {"Dice": pytest.approx(0.6)}
    assert (tmp_path / "family.png").exists()


def test_names_do_not_overlap_and_stay_near() -> None:
    places = family_report.apart([0.1, 0.5, 0.5, 0.52], 0.1)
    assert places[0] == 0.1
    assert all(b - a > 0.0999 for a, b in pairwise(places))
    assert places[2] == pytest.approx(0.5, abs=0.02)


@pytest.mark.data
@pytest.mark.slow
def test_a_run_is_resumed_where_it_stopped(tmp_path: Path) -> None:
    if not DATA.exists():
        pytest.skip("needs the annotated images in ../shared/data")
    settings = family.FamilySettings(
        data=DATA,
        tasks=("membranes",),
        networks=("fcn-8s",),
        seeds=(0,),
        steps=2,
        repeats=1,
        processes=1,
        width=4,
        features=False,
    )
    said = list(family.run(tmp_path, settings))
    assert said[0] == "1 trainings to do, 0 done"
    again = list(family.run(tmp_path, settings.model_copy(update={"seeds": (0,)})))
    assert again[0] == "0 trainings to do, 1 done"
    assert again[1:] == said[3:]
    assert not list(tmp_path.glob("runs/*.pt"))
