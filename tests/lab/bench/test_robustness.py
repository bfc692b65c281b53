"""The robustness bench: from images to curves, and on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from apprentice_lab.bench import robustness
from apprentice_lab.bench.robustness import RobustnessSettings
from napari_apprentice.errors import UserError


@pytest.fixture(scope="module")
def crops(cropped: Callable[[Path, int, int], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two parts of the sample of rendered nuclei."""
    return cropped(tmp_path_factory.mktemp("crops"), 2, 96)


def test_a_run_writes_curves_and_goes_on_where_it_stopped(crops: Path, tmp_path: Path) -> None:
    settings = RobustnessSettings(data=crops, device="cpu", changes=("contrast",))
    list(robustness.run(tmp_path, settings))
    kept = tmp_path / "images" / "1.json"
    document = json.loads(kept.read_text())
    assert set(document["found"]) == {"unchanged", "contrast 1"}
    document["found"]["unchanged"]["model"]["tp"] = [0] * 10
    kept.write_text(json.dumps(document))
    list(robustness.run(tmp_path, settings.model_copy(update={"changes": ("contrast", "scale")})))
    results = json.loads((tmp_path / "results.json").read_text())
    scores = {(one["change"], one["level"], one["method"]): one["scores"]["AP .50"] for one in results["scores"]}
    assert results["images"][1]["found"]["unchanged"]["model"]["tp"] == [0] * 10  # not predicted again
    assert scores["contrast", 0.0, "model"]["value"] <= 0.5 < scores["scale", 1.0, "model"]["value"]
    assert {method for change, _, method in scores if change == "scale"} == {"model", "baseline", "told"}
    assert (tmp_path / "robustness.png").stat().st_size > 10_000
    assert "| contrast | 1 |" in (tmp_path / "robustness.md").read_text()


def test_counts_of_another_seed_are_not_used_again(crops: Path, tmp_path: Path) -> None:
    settings = RobustnessSettings(data=crops, device="cpu", changes=("contrast",), count=1)
    list(robustness.run(tmp_path, settings))
    (kept,) = (tmp_path / "images").glob("*.json")
    kept.write_text(kept.read_text().replace('"seed": 0', '"seed": 5'))
    list(robustness.run(tmp_path, settings))
    assert json.loads(kept.read_text())["about"]["seed"] == 0


def test_what_there_is_not_is_said(crops: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="choose among bits, hot pixels"):
        list(robustness.run(tmp_path, RobustnessSettings(data=crops, changes=("warp",))))
    with pytest.raises(UserError, match="other --kinds"):
        list(robustness.run(tmp_path, RobustnessSettings(data=crops, kinds=("fluo",))))
