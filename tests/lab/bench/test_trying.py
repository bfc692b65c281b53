"""The bench of models that are tried: orders counted by hand, and all of it on two small images."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from apprentice_lab.bench import trying
from apprentice_lab.bench.trying import Tried, TryingSettings
from apprentice_lab.bench.trying_report import summary
from napari_apprentice.data import samples
from napari_apprentice.errors import UserError
from napari_apprentice.session.catalog import bundled_files

needs_models = pytest.mark.skipif(not bundled_files(), reason="no bundled models")


def tried(image: str, model: str, listed: int, placed: int, precision: float) -> Tried:
    return Tried("one", image, model, listed, placed, 0.5, precision, 9, 9, 1.0)


def test_the_first_of_each_order_is_compared_with_the_best() -> None:
    rows = [
        tried("a", "nuclei-2d", 0, 1, 0.2),
        tried("a", "cells-2d", 1, 0, 0.8),
        tried("b", "nuclei-2d", 0, 0, 0.9),
        tried("b", "cells-2d", 1, 1, 0.1),
        tried("c", "nuclei-2d", 0, 0, 0.01),  # no order is right or wrong where nothing was found
        tried("c", "cells-2d", 1, 1, 0.0),
    ]
    found = summary(rows)
    assert (found["images"], found["differ"]) == (3, 2)
    assert found["chance"] == pytest.approx((0.3 + 0.4) / 2)
    assert found["first after trying"] == {"right": 1.0, "lost": 0.0}
    assert found["first in the list"] == {"right": 0.5, "lost": pytest.approx(0.3)}
    assert found["nuclei first"] == found["first in the list"]


@needs_models
def test_it_runs_on_a_set_and_writes_what_it_found(tmp_path: Path) -> None:
    volume, labels = samples.load("nuclei_2d")
    for folder, array in (("images", volume.pixels[0, 0, 0]), ("labels", labels[0, 0].astype(np.uint16))):
        (tmp_path / "set" / folder).mkdir(parents=True)
        tifffile.imwrite(tmp_path / "set" / folder / "a.tif", np.asarray(array)[:128, :128])
    settings = TryingSettings(data=tmp_path, sets=("set",), device="cpu")
    lines = list(trying.run(tmp_path / "out", settings))
    assert lines[0] == "set: 1 images"
    with (tmp_path / "out" / "tried.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["model"] for row in rows} == {"nuclei-2d", "cells-2d"}
    results = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results["sets"]["set"]["images"] == 1
    with pytest.raises(UserError, match="does not exist"):
        list(trying.run(tmp_path / "out", TryingSettings(data=tmp_path, sets=("none",))))
