"""The bench of *Live*: strokes stay in their class, Dice can be worked out by hand, a small run writes its files."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import tifffile

from apprentice_lab.bench import live, live_objects
from apprentice_lab.bench.live_forest import filters
from apprentice_lab.bench.live_strokes import OBJECT, OUTLINE, draw_strokes, with_outlines


def squares() -> np.ndarray:
    labels = np.zeros((64, 96), np.uint32)
    labels[10:50, 10:40] = 1
    labels[10:50, 50:80] = 2
    return labels


def test_strokes_take_turns_and_stay_in_their_class():
    truth = with_outlines(squares())
    assert (truth == OUTLINE).sum() == 2 * (40 * 30 - 36 * 26)
    strokes = draw_strokes(truth, 9, seed=1)
    assert [sorted(one.value for one in strokes[i : i + 3]) for i in (0, 3, 6)] == [[0, OBJECT, OUTLINE]] * 3
    for one in strokes:
        assert len(one.voxels) > 0
        assert (truth.ravel()[one.voxels] == one.value).all()


def test_dice_leaves_out_what_was_painted():
    truth = np.array([[0, 1, 1, 2]], np.uint8)
    found = np.array([[1, 1, 0, 2]])
    assert live.dice(found, truth, np.array([], np.int64)) == pytest.approx((0.5 + 1) / 2)
    assert live.dice(found, truth, np.array([0, 2])) == 1.0


def test_the_forest_sees_49_filters():
    assert filters(squares().astype(np.float32)).shape == (64 * 96, 49)


def test_a_small_run_writes_its_files(tmp_path):
    folder = tmp_path / "data" / "pfc_neurons"
    for name, image in (("images", squares() * 200 + 50), ("labels", squares())):
        (folder / name).mkdir(parents=True)
        tifffile.imwrite(folder / name / "a.tif", image.astype(np.uint16))
    settings = live.LiveSettings(
        data=tmp_path / "data", sets=("pfc_neurons",), split="all", strokes=(2, 4), users=1, forest=False, teach=False
    )
    lines = list(live.run(tmp_path / "out", settings))
    with (tmp_path / "out" / "live.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["strokes"] for row in rows] == ["2", "4"]
    assert float(rows[-1]["dice"]) > 0.9
    assert json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["bench"] == "live"
    assert (tmp_path / "out" / "live.png").exists()
    assert any("pfc_neurons | never | live" in line for line in lines)


def test_what_was_corrected_does_not_count_in_the_rest():
    truth = squares()
    found = np.where(truth == 2, 9, 0)
    found[10:50, 8:38] = 4  # mostly on the corrected one
    assert live_objects.rest_ap(truth, found, truth == 1) == 1.0
    found[55:60, 20:60] = 5
    assert live_objects.rest_ap(truth, found, truth == 1) == 0.5


def test_a_stroke_of_background_touches_no_object():
    stroke = live_objects.background(squares(), np.random.default_rng(0))
    assert len(stroke) > 0
    assert not squares().ravel()[stroke].any()


def test_objects_of_a_small_image_are_corrected_one_after_the_other(tmp_path):
    folder = tmp_path / "data" / "usiigaci_phase"
    y, x = np.mgrid[:120, :200]
    labels = np.where((y % 40 - 20) ** 2 + (x % 40 - 20) ** 2 <= 100, 1 + y // 40 * 5 + x // 40, 0)
    image = np.random.default_rng(0).normal(300, 20, labels.shape) + 200 * (labels > 0)
    for name, array in (("images", image), ("labels", labels)):
        (folder / name).mkdir(parents=True)
        tifffile.imwrite(folder / name / "a.tif", array.astype(np.uint16))
    settings = live_objects.LiveObjectsSettings(
        data=tmp_path / "data", sets=("usiigaci_phase",), split="all", objects=(3,), users=1, teach=False
    )
    lines = list(live_objects.run(tmp_path / "out", settings))
    with (tmp_path / "out" / "objects.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["objects"], row["left"]) == ("3", "12")
    assert float(row["live"]) > 0.9
    assert any("usiigaci_phase, nuclei-2d" in line for line in lines)
