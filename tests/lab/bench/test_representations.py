"""What is annotated in part, how decoding is fitted, and a run that is resumed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.bench import ceilings, partly, representations, representations_report
from apprentice_lab.bench.tasks import Example
from napari_apprentice.data.representations import representation

DATA = Path(__file__).parents[4] / "shared" / "data"


def squares(count: int = 6) -> np.ndarray:
    labels = np.zeros((1, 24, 20 * count), np.uint32)
    for i in range(count):
        labels[0, 6:16, 20 * i + 4 : 20 * i + 14] = i + 1
    return labels


def test_of_an_image_a_third_of_the_objects_is_confirmed_and_a_little_background() -> None:
    labels = squares()
    confirmed = partly.confirmed_part(labels, 0)
    known = np.unique(labels[confirmed == 2])
    assert len(known) == 2
    assert not (confirmed[np.isin(labels, known)] != 2).any(), "each is whole"
    assert not labels[confirmed == 1].any()
    assert 0.05 <= (confirmed == 1).sum() / (labels == 0).sum() < 0.2
    np.testing.assert_array_equal(confirmed, partly.confirmed_part(labels, 0))


def test_of_a_volume_one_slice_in_eight_is() -> None:
    labels = squares().repeat(20, axis=0)
    confirmed = partly.confirmed_part(labels, 0)
    assert np.flatnonzero(confirmed.all(axis=(1, 2))).tolist() == [4, 12]
    assert not confirmed[[0, 3, 5, 19]].any()


def test_decoding_is_fitted_by_what_is_confirmed() -> None:
    labels = squares()
    confirmed = partly.confirmed_part(labels, 0)
    kind = representation("log-distance")
    prediction = kind.encode(labels, np.where(labels > 0, 2, 1).astype(np.uint8))[0]
    prediction[0] = np.where(labels > 0, 0.45, 0.25)
    example = Example("squares", np.zeros((1, *labels.shape)), labels)
    found = representations.choose(kind, [example], [confirmed], [prediction])
    assert found.foreground in (0.3, 0.4)
    prediction[0][(confirmed == 0) & (labels > 0)] = 0.1  # missed, but nobody has said so
    assert representations.choose(kind, [example], [confirmed], [prediction]) == found


def test_each_seed_has_every_combination() -> None:
    jobs = representations.plan_jobs(representations.RepresentationsSettings())
    assert len(jobs) == len(set(jobs)) == 3 * 3 * 2 * 5
    assert [seed for *_, seed in jobs] == sorted(seed for *_, seed in jobs)


def test_specks_of_a_truth_are_left_out() -> None:
    labels = np.zeros((1, 10, 10), np.uint32)
    labels[0, 0, :3], labels[0, 4:9, 4:9] = 4, 9
    assert np.unique(ceilings.without_specks(labels)).tolist() == [0, 1]
    assert (ceilings.without_specks(labels) > 0).sum() == 25


def test_the_tables_have_full_beside_partial(tmp_path: Path) -> None:
    rows = [
        {"task": "nuclei-2d", "annotation": much, "representation": "flows", "seed": seed}
        | {"scores": {"mean AP .5 to .9": score, "AP .50": score}, "channels": 3, "known": known}
        | {"step_s": 0.1, "decode_s_per_megavoxel": 0.2}
        for much, known, scores in (("full", 1.0, (0.5, 0.7)), ("partial", 0.1, (0.2, 0.2)))
        for seed, score in enumerate(scores)
    ]
    line = {"set": "dsb2018", "dims": 2, "images": 1, "objects": 3, "representation": "flows", "AP": [1.0, 0.5, 0.25]}
    said = "\n".join(representations_report.write(tmp_path, {}, rows, [line | {"seconds": 0.1}]))
    assert "| flows | 3 | 0.600 ± 0.141 | 0.600 ± 0.141 | 0.200 ± 0.000 |" in said
    assert "partial (10%)" in said
    assert "1.000/0.500/0.250" in said
    assert json.loads((tmp_path / "results.json").read_text())["table"][0]["runs"] == 2
    assert (tmp_path / "representations.png").exists()


@pytest.mark.data
@pytest.mark.slow
def test_a_run_is_resumed_where_it_stopped(tmp_path: Path) -> None:
    if not DATA.exists():
        pytest.skip("needs the annotated images in ../shared/data")
    settings = representations.RepresentationsSettings(
        data=DATA,
        tasks=("nuclei-3d",),
        representations=("depth-and-centre",),
        annotations=("partial",),
        seeds=(0,),
        steps=1,
        processes=1,
        width=4,
        ceilings=False,
    )
    said = list(representations.run(tmp_path, settings))
    assert said[0] == "1 trainings to do, 0 done"
    again = list(representations.run(tmp_path, settings))
    assert again[0] == "0 trainings to do, 1 done"
    assert again[1:] == said[2:]
    assert not list(tmp_path.glob("runs/*.pt"))
    assert (tmp_path / "representations-nuclei-3d.png").exists()
