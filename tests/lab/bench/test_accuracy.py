"""The accuracy bench: scores worked out by hand, and a run from images to a table."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from apprentice_lab.bench import accuracy, accuracy_report
from apprentice_lab.bench.accuracy import AccuracySettings, counts
from apprentice_lab.bench.images import draw_pictures
from apprentice_lab.bench.published import published_models
from apprentice_lab.sets import pictures
from napari_apprentice.architecture import NetSettings
from napari_apprentice.data.models import ModelHeader
from napari_apprentice.engine import checkpoint
from napari_apprentice.engine.nets import build
from napari_apprentice.errors import UserError
from napari_apprentice.settings import ClassName


def _labels(*values: int) -> np.ndarray:
    return np.array([[[values]]], np.uint32)


def _row(name: str, kind: str, truth: np.ndarray, found: np.ndarray, group: str = "") -> dict[str, Any]:
    objects = len(np.unique(truth[truth > 0]))
    return {"name": name, "kind": kind, "group": group or name, "objects": objects, "model": counts(truth, found)}


# one object found whole, one with IoU 3/5, one missed, one spurious
_HALF = _row(
    "half", "x", _labels(1, 1, 1, 1, 2, 2, 2, 2, 0, 3, 3, 0, 0), _labels(5, 5, 5, 5, 0, 7, 7, 7, 7, 0, 0, 9, 9)
)
# one object, found whole
_WHOLE = _row("whole", "y", _labels(1, 1, 0), _labels(4, 4, 0))


def _score(lines: list[dict[str, Any]], kind: str, over: str, name: str) -> float:
    (line,) = [one for one in lines if one["kind"] == kind and one["over"] == over]
    return float(line["scores"][name]["value"])


def test_scores_of_two_images_by_hand() -> None:
    lines = accuracy_report.summary([_HALF, _WHOLE], seed=0)
    # AP .50: 2 of 4, and 1 of 1; pooled 3 of 5. From IoU .65 on: 1 of 5, and 1; pooled 2 of 6
    assert _score(lines, "x", "images", "AP .50") == pytest.approx(2 / 4)
    assert _score(lines, "all", "images", "AP .50") == pytest.approx((2 / 4 + 1) / 2)
    assert _score(lines, "all", "pooled", "AP .50") == pytest.approx(3 / 5)
    assert _score(lines, "all", "images", "AP .95") == pytest.approx((1 / 5 + 1) / 2)
    assert _score(lines, "all", "pooled", "AP .95") == pytest.approx(2 / 6)
    # .50, .55, .60 with the second object, seven without
    assert _score(lines, "x", "images", "AP .50-.95") == pytest.approx((3 * 2 / 4 + 7 * 1 / 5) / 10)
    # PQ: summed IoU 1.6 over 2 + 2/2; pooled 2.6 over 3 + 2/2
    assert _score(lines, "x", "images", "PQ") == pytest.approx(1.6 / 3)
    assert _score(lines, "all", "pooled", "PQ") == pytest.approx(2.6 / 4)
    # foreground: 10 and 10 voxels, 7 shared; 2 and 2, 2 shared
    assert _score(lines, "all", "images", "Dice") == pytest.approx((14 / 20 + 1) / 2)
    assert _score(lines, "all", "pooled", "Dice") == pytest.approx(18 / 24)


def test_an_empty_image_found_empty_counts_as_right_for_the_mean_and_not_at_all_pooled() -> None:
    empty = _row("empty", "x", _labels(0, 0), _labels(0, 0))
    lines = accuracy_report.summary([_HALF, empty], seed=0)
    assert _score(lines, "x", "images", "PQ") == pytest.approx((1.6 / 3 + 1) / 2)
    assert _score(lines, "x", "pooled", "PQ") == pytest.approx(1.6 / 3)


def test_tiles_of_one_field_are_one_group() -> None:
    rows = [_row(f"{i}", "x", _labels(1, 0), _labels(1, 0), group="field") for i in range(4)]
    (line, _) = accuracy_report.summary(rows, seed=0)
    assert (line["images"], line["groups"], line["objects"]) == (4, 1, 4)
    assert line["scores"]["AP .50"] == {"value": 1.0, "low": None, "high": None}


def test_a_class_that_is_not_in_an_image_has_no_score_there() -> None:
    rows = [
        {"name": name, "kind": "x", "group": name, "objects": 0, "model": {"dice": {"Dice one": one, "Dice two": two}}}
        for name, one, two in (("a", (2, 4), (0, 0)), ("b", (6, 6), (1, 4)))
    ]
    lines = accuracy_report.summary(rows, seed=0)
    assert _score(lines, "x", "images", "Dice one") == pytest.approx(0.75)
    assert _score(lines, "x", "pooled", "Dice one") == pytest.approx(0.8)
    assert _score(lines, "x", "images", "Dice two") == pytest.approx(0.25)
    assert "| Dice one | Dice two |" in accuracy_report.table(lines, [])


def test_fluorescence_and_the_rest_are_put_together() -> None:
    kinds = ("fluo_small", "fluo_large", "histo_purple", "brightfield_gray")
    found = accuracy_report.kinds([{"kind": kind} for kind in kinds])
    assert [len(found[name]) for name in ("all fluorescence", "H&E and cytology", "all")] == [2, 2, 4]
    assert list(accuracy_report.kinds([{"kind": "phase"}])) == ["phase"]


def test_what_was_published_is_marked_and_stands_in_lines_of_its_own() -> None:
    lines = accuracy_report.summary([{**_HALF, "kind": "fluo"}], seed=0)
    text = accuracy_report.table(lines, published_models("dsb2018", "all fluorescence"))
    (stardist,) = [line for line in text.splitlines() if "StarDist" in line]
    assert "*published*" in stardist
    assert "0.864" in stardist
    assert not published_models("dsb2018", "fluo")


@pytest.fixture(scope="module")
def crops(cropped: Callable[[Path, int, int], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three parts of the sample of rendered nuclei."""
    return cropped(tmp_path_factory.mktemp("crops"), 3, 128)


def test_from_images_to_a_table(crops: Path, tmp_path: Path) -> None:
    said = list(accuracy.run(tmp_path, AccuracySettings(data=crops, device="cpu")))
    results = json.loads((tmp_path / "results.json").read_text())
    assert said == (tmp_path / "scores.md").read_text().splitlines()
    assert len(results["images"]) == 3
    assert (tmp_path / "accuracy.png").stat().st_size > 10_000
    (model,) = [one for one in results["scores"] if (one["method"], one["over"]) == ("model", "pooled")]
    score = model["scores"]["AP .50"]
    assert score["low"] <= score["value"] <= score["high"]
    assert score["value"] > 0.5
    assert {one["method"] for one in results["scores"]} == {"model", "baseline"}


def test_anyone_s_own_images_are_judged_without_a_set(crops: Path, tmp_path: Path) -> None:
    for name in ("0", "1"):
        (tmp_path / "truth").mkdir(exist_ok=True)
        shutil.copy(crops / "labels" / f"{name}.tif", tmp_path / "truth" / f"{name}_masks.tif")
    settings = AccuracySettings(image_dir=crops / "images", label_dir=tmp_path / "truth", device="cpu")
    list(accuracy.run(tmp_path / "out", settings))
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert [(one["name"], one["kind"]) for one in results["images"]] == [("0", "images"), ("1", "images")]
    assert results["scores"][0]["scores"]["AP .50"]["value"] > 0.5
    with pytest.raises(UserError, match="--image-dir and --label-dir belong together"):
        list(accuracy.run(tmp_path / "out", AccuracySettings(image_dir=crops / "images")))


def test_a_fresh_network_cannot_be_judged(crops: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="knows nothing yet"):
        list(accuracy.run(tmp_path, AccuracySettings(data=crops, model="fresh")))


def test_images_are_drawn_by_seed(crops: Path) -> None:
    images = pictures(crops)
    assert draw_pictures(images, None, 0) == images
    assert draw_pictures(images, 2, 5) == draw_pictures(images, 2, 5)
    assert len({tuple(one.name for one in draw_pictures(images, 2, seed)) for seed in range(9)}) > 1


@pytest.fixture
def tissue(tmp_path: Path) -> Path:
    """A model file that knows two classes, and has learned nothing."""
    net = NetSettings(widths=(4, 8), pools=((1, 2, 2),), in_channels=2, out_channels=3, norm="none")
    classes = (ClassName(value=1, name="stroma"), ClassName(value=2, name="lumen"))
    header = ModelHeader(
        id="t", name="tissue", kind="classes", classes=classes, net=net, trained_on=("nothing",), licence="CC0-1.0"
    )
    path = tmp_path / "tissue.safetensors"
    checkpoint.save(path, header, build(net))
    return path


def _classes(folder: Path, values: tuple[int, ...]) -> Path:
    labels = np.repeat(np.array(values, np.uint8), 16)[None].repeat(32, 0)
    for part, array in (("images", labels * 60), ("labels", labels)):
        (folder / part).mkdir(parents=True)
        tifffile.imwrite(folder / part / "a.tif", array)
    return folder


def test_a_model_for_classes_is_judged_by_the_dice_of_each(tissue: Path, tmp_path: Path) -> None:
    settings = AccuracySettings(data=_classes(tmp_path / "set", (0, 1, 2)), model=str(tissue), device="cpu")
    said = list(accuracy.run(tmp_path / "out", settings))
    assert said[0].endswith("| Dice stroma | Dice lumen |")
    (row,) = json.loads((tmp_path / "out" / "results.json").read_text())["images"]
    found = row["model"]["dice"]
    assert sum(whole for _, whole in found.values()) >= 2 * 16 * 32  # the labels, and what was proposed


def test_labels_that_are_not_its_classes_are_refused(tissue: Path, tmp_path: Path) -> None:
    settings = AccuracySettings(data=_classes(tmp_path / "set", (0, 1, 3)), model=str(tissue), device="cpu")
    with pytest.raises(UserError, match="value 3, which is no class of tissue"):
        list(accuracy.run(tmp_path / "out", settings))
