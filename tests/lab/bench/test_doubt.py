"""The bench of doubt: ranks that can be counted by hand, users on two images, and all of it on a real one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from apprentice_lab.bench import doubt
from apprentice_lab.bench.doubt_images import LookedAt, looked_at
from apprentice_lab.bench.doubt_report import auc, first_wrong
from apprentice_lab.bench.doubt_users import at_random, led, looks_needed
from napari_apprentice.data import samples
from napari_apprentice.data.labels.doubts import Doubts
from napari_apprentice.errors import UserError
from napari_apprentice.session.catalog import bundled_files


def squares(*ids: tuple[int, int], width: int = 8) -> np.ndarray:
    """Squares in a row (1, 10, 10 * n): pairs of an id and its column of tens."""
    labels = np.zeros((1, 10, 200), np.uint32)
    for value, column in ids:
        labels[0, 1:9, 10 * column + 1 : 10 * column + 1 + width] = value
    return labels


def image(doubts: dict[int, float], missed: float) -> LookedAt:
    """Ten objects: 1 and 2 are one merged, 10 is false, and one is missed, on which a place lies."""
    truth = squares(*((i, i) for i in range(1, 10)), (20, 15))
    found = squares(*((i, i) for i in range(3, 11)))
    found[0, 1:9, 11:29] = 1
    at = [(0, 0, 5, 10 * i + 5) for i in (1, *range(3, 11), 15)]
    points = np.array(at)
    boxes = np.stack([points, points + 1], axis=2)
    values = np.array([doubts.get(i, 0.0) for i in (1, *range(3, 11))] + [missed])
    told = Doubts(points, boxes, values, np.arange(10) == 9)
    return looked_at("one", truth, found, {"all": values[:9]}, told, (1, 1, 1), {})


def test_wrong_objects_are_those_that_fit_none() -> None:
    seen = image({}, 0.0)
    assert np.flatnonzero(seen.wrong).tolist() == [0, 8]
    assert seen.missed.sum() == 1


def test_a_ranking_is_judged_by_pairs_and_by_its_beginning() -> None:
    wrong = np.array([True, False, True, False, False])
    assert auc(np.array([5.0, 4.0, 3.0, 2.0, 1.0]), wrong) == pytest.approx(5 / 6)
    assert auc(np.ones(5), wrong) == 0.5
    assert auc(np.ones(2), np.ones(2, bool)) is None
    assert first_wrong(np.array([5.0, 4.0, 3.0, 2.0, 1.0]), wrong, 2) == 0.5


def test_a_user_who_is_led_well_looks_at_what_is_wrong_only() -> None:
    """Of 10 objects 7 are found, and 2 are proposed wrongly: 7 of 12; 9 of 11 after a look, 9 of 10 after two."""
    rng = np.random.default_rng(0)
    well = image({1: 0.9, 10: 0.7}, 0.5)
    assert looks_needed(well, led(well, rng)) == 2
    badly = image({i: 0.9 - i / 100 for i in range(3, 10)}, 0.0)
    assert looks_needed(badly, led(badly, rng)) > 7
    counts = [looks_needed(well, at_random(well, np.random.default_rng(seed))) for seed in range(20)]
    assert 2 < np.mean(counts) < 11


@pytest.mark.skipif("nuclei-2d" not in bundled_files(), reason="there is no bundled model yet")
def test_the_bench_writes_tables_of_a_real_model(tmp_path: Path) -> None:
    volume, truth = samples.load("nuclei_2d")
    for folder, pixels in (("images", volume.pixels[0, 0, 0]), ("labels", truth[0, 0].astype(np.uint16))):
        (tmp_path / folder).mkdir()
        tifffile.imwrite(tmp_path / folder / "a.tif", np.asarray(pixels))
    settings = doubt.DoubtSettings(image_dir=tmp_path / "images", label_dir=tmp_path / "labels", users=2, device="cpu")
    page = "\n".join(doubt.run(tmp_path / "out", settings))
    found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    measures = [one["measure"] for one in found["ranking"]]
    assert {"chance", "size", "probability", "distance", "saddle beside", "all (*Next*)", "mirrored"} <= set(measures)
    assert len(found["users"]) == 2
    assert found["objects"] > 10
    assert "| all (*Next*) |" in page
    with pytest.raises(UserError, match="proposes classes"):
        next(doubt.run(tmp_path / "out", settings.model_copy(update={"model": "membranes-2d"})))
