"""The bench that leaves volumes out: which it knows, and how counts become scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from apprentice_lab.bench import volumes
from apprentice_lab.bench.volumes import METHODS, VolumeName, VolumesSettings, pool
from apprentice_lab.recipes.stacks import STACKS


def _row(name: str, specimen: str, found: int, missed: int) -> dict[str, Any]:
    counts = {
        "tp": [found] * 10,
        "fp": [0] * 10,
        "fn": [missed] * 10,
        "iou_sum": [0.8 * found] * 10,
        "dice": {"Dice": [1, 2]},
    }
    return {"name": name, "kind": "nuclei", "specimen": specimen, "objects": found + missed} | dict.fromkeys(
        METHODS, counts
    )


def test_every_volume_of_the_recipes_can_be_left_out() -> None:
    assert get_args(VolumeName) == tuple(stack.name for stack in STACKS)


def test_all_objects_count_alike_when_they_are_pooled() -> None:
    lines = pool([_row("a", "a", 90, 10), _row("b", "b", 0, 10)])
    scores = {line["volumes"]: line["scores"]["AP .50"] for line in lines if line["method"] == "model"}
    assert scores["a"]["value"] == pytest.approx(0.9)
    assert scores["b"]["value"] == 0
    assert scores["all"]["value"] == pytest.approx(90 / 110)
    assert scores["all"]["low"] <= scores["all"]["value"] <= scores["all"]["high"]
    assert scores["a"]["low"] is None  # of one specimen nobody knows how the next will be


def test_finished_volumes_are_not_done_again(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    for name, specimen in (("patch_a", "root"), ("patch_b", "root")):
        (tmp_path / "runs" / f"{name}.json").write_text(json.dumps(_row(name, specimen, 6, 2)))
    lines = list(volumes.run(tmp_path, VolumesSettings(volumes=("patch_a", "patch_b"))))
    assert any(line.startswith("| all | 16 | left out | 0.750 |") for line in lines)
    assert (tmp_path / "volumes.png").stat().st_size > 1000
    results = json.loads((tmp_path / "results.json").read_text())
    assert [row["name"] for row in results["volumes"]] == ["patch_a", "patch_b"]
