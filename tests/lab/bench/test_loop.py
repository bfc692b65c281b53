from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from apprentice_lab.bench import loop
from napari_apprentice.errors import UserError
from napari_apprentice.events import Validated


def _curve(*points: tuple[float, float | None]) -> list[Validated]:
    return [Validated(step=i, seconds=seconds, score=score) for i, (seconds, score) in enumerate(points)]


def test_when_a_score_is_a_tenth_above_the_first() -> None:
    assert loop.better_after(_curve((1, 0.2), (5, 0.25), (9, 0.31), (12, 0.5))) == 9
    assert loop.better_after(_curve((1, 0.2), (5, 0.25))) is None
    assert loop.better_after(_curve((1, None), (5, None))) is None


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Disks on three images, two to correct and one to judge."""
    for part in ("images", "labels"):
        (tmp_path / "disks" / part).mkdir(parents=True)
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:160, :160]
    rows = []
    for name, split in (("a", "train"), ("b", "train"), ("c", "dev")):
        labels = np.zeros((160, 160), np.uint16)
        for k in range(16):
            cy, cx = 22 + 38 * (k // 4), 22 + 38 * (k % 4)
            labels[(y - cy) ** 2 + (x - cx) ** 2 <= rng.uniform(8, 11) ** 2] = k + 1
        pixels = np.where(labels > 0, 160, 40) + rng.normal(0, 6, labels.shape)
        tifffile.imwrite(tmp_path / "disks" / "images" / f"{name}.tif", pixels.astype(np.float32))
        tifffile.imwrite(tmp_path / "disks" / "labels" / f"{name}.tif", labels)
        rows.append({"id": name, "split": split})
    with (tmp_path / "disks" / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "split"])
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path / "disks"


def test_a_simulated_user_teaches_a_model_that_is_judged_and_found_again(data: Path, tmp_path: Path) -> None:
    settings = loop.LoopSettings(data=data, start=("nuclei-2d",), objects=(4,), seeds=1, seconds=4.0, threads=1)
    lines = list(loop.run(tmp_path / "out", settings))
    assert lines[-1].startswith("nuclei-2d: 0 objects")
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    row = found["table"]["nuclei-2d"]["4"]
    assert row["users"] == 1
    assert row["images_per_s"] > 0
    assert (tmp_path / "out" / "objects.png").exists()
    again = list(loop.run(tmp_path / "out", settings))  # nothing is taught twice
    assert again == lines


def test_a_model_that_has_seen_the_images_is_refused(tmp_path: Path, data: Path) -> None:
    known = data.rename(data.with_name("usiigaci_phase"))
    with pytest.raises(UserError, match="was trained on usiigaci_phase train"):
        list(loop.run(tmp_path / "out", loop.LoopSettings(data=known, start=("cells-2d",))))


def test_of_images_without_splits_every_other_one_is_judged(tmp_path: Path, data: Path) -> None:
    own = loop.LoopSettings(image_dir=data / "images", label_dir=data / "labels")
    assert [[one.name for one in part] for part in own.parts()] == [["a", "c"], ["b"]]
    split = loop.LoopSettings(data=data)
    assert [[one.name for one in part] for part in split.parts()] == [["a", "b"], ["c"]]
    (data / "index.csv").unlink()
    assert [[one.name for one in part] for part in split.parts()] == [["a", "c"], ["b"]]
    for name in ("b", "c"):
        (data / "images" / f"{name}.tif").unlink()
    with pytest.raises(UserError, match="has one image: the loop needs another one"):
        own.parts()
