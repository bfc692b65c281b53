"""What is known of sparsely annotated volumes, and what the comparison says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.bench import slices
from apprentice_lab.bench.tasks import Example
from napari_apprentice.data.labels.instances import encode
from napari_apprentice.errors import UserError

DATA = Path(__file__).parents[4] / "shared" / "data"


def test_three_slices_are_known_and_all_of_them() -> None:
    labels = np.zeros((8, 6, 10), int)
    labels[2:5, 2:4, 2:6] = 3
    drawn = set()
    for seed in range(40):
        sure = slices.known_part(labels, "z", np.random.default_rng(seed))
        low, middle, high = np.flatnonzero(sure.any(axis=(1, 2)))
        assert low < 2 <= middle  # one from each third
        assert middle < 5 <= high
        assert (sure[middle] == np.where(labels[middle] > 0, 2, 1)).all()
        drawn |= {low, middle, high}
        axes = slices.known_part(labels, "axes", np.random.default_rng(seed))
        assert (axes > 0).sum() == 8 * 6 * 10 - 7 * 5 * 9
        assert all((axes > 0).all(axis=across).sum() == 1 for across in ((1, 2), (0, 2), (0, 1)))
    assert drawn == set(range(8))  # no depth is never seen
    assert (slices.known_part(labels, "dense", np.random.default_rng(0)) > 0).all()


def test_ratios_are_those_of_means_over_seeds() -> None:
    rows = [
        {"subject": "hippocampus", "layout": layout, "score": score}
        for layout, score in (("dense", 0.8), ("dense", 0.9), ("z", 0.85), ("z", 0.8))
    ]
    dense, z = slices.compare_layouts("hippocampus", rows, ["z"])
    assert dense["ratio"] == 1.0
    assert z["mean"] == pytest.approx(0.825)
    assert z["ratio"] == pytest.approx(0.825 / 0.85)


def test_decoding_is_chosen_by_annotated_sections_alone() -> None:
    labels = np.zeros((8, 20, 20), np.uint32)
    labels[:, 4:10, 4:16] = 1
    confirmed = slices.known_part(labels, "z", np.random.default_rng(0))
    prediction = encode(labels, slices.known_part(labels, "dense", np.random.default_rng(0)))[0]
    prediction[0] = np.where(prediction[0] > 0, 0.55, 0.25)
    prediction[:, ~(confirmed > 0).any(axis=(1, 2))] = 9.0  # nonsense where nobody looked
    best = slices.decoding([Example("one", np.zeros((1, *labels.shape)), labels)], [confirmed], [prediction])
    assert 0.25 < best.foreground <= 0.55


def test_every_layout_has_every_seed_and_a_missing_folder_is_told(tmp_path: Path) -> None:
    jobs = slices.plan_jobs(slices.SlicesSettings())
    assert len(jobs) == len(set(jobs)) == 18
    settings = slices.SlicesSettings(data=tmp_path, subjects=("hippocampus",))
    with pytest.raises(UserError):
        list(slices.run(tmp_path / "out", settings))


@pytest.mark.data
@pytest.mark.slow
def test_a_run_is_resumed_where_it_stopped(tmp_path: Path) -> None:
    if not DATA.exists():
        pytest.skip("needs the annotated images in ../shared/data")
    settings = slices.SlicesSettings(
        data=DATA, subjects=("nuclei-3d",), layouts=("z",), seeds=(0,), steps=2, width=4, processes=1
    )
    said = list(slices.run(tmp_path, settings))
    assert said[0] == "2 trainings to do, 0 done"
    assert list(slices.run(tmp_path, settings))[1:] == said[3:]
    results = json.loads((tmp_path / "results.json").read_text())
    assert [line["layout"] for line in results["table"]] == ["dense", "z"]
    assert results["runs"][1]["annotated"] == pytest.approx(3 * (1 / 60 + 1 / 31) / 2, rel=1e-6)
