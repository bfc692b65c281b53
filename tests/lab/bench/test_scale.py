"""Slides made of links, and `apprentice segment` watched from outside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.bench import scale
from apprentice_lab.bench.scale_images import FIELD, edge_of, slide
from napari_apprentice.data.files import read_image


def test_a_slide_takes_the_disk_of_a_few_fields(tmp_path: Path) -> None:
    assert edge_of(2.1) == FIELD
    assert edge_of(64) == 6 * FIELD  # 75 MB is nearer than 52 MB
    path = slide(tmp_path / "slide.zarr", 6 * FIELD)
    pixels = read_image(path).pixels
    assert pixels.shape == (1, 1, 1, 6 * FIELD, 6 * FIELD)
    chunks = [file for file in (path / "c").rglob("*") if file.is_file()]
    assert len(chunks) == 36
    assert len({file.stat().st_ino for file in chunks}) <= 16
    corner = np.asarray(pixels[0, 0, 0, -FIELD:, -FIELD:])
    assert corner.std() > 10


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_sizes_are_measured_once_and_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    settings = scale.ScaleSettings(parts=("sizes",), model="tiny-classes", sizes=(2,), tiny_sizes=(2, 8))
    lines = list(scale.run(tmp_path, settings))
    assert lines[-1].count("tiny-classes") == 3
    told = json.loads((tmp_path / "results.json").read_text())
    assert [one["edge"] for one in told["sizes"]] == [1024, 1024, 2048]
    assert all(one["peak_mb"] > 50 and one["seconds"] > 0 for one in told["sizes"])
    assert all(0 < one["cpu_s"] < one["all_cpu_s"] - 0.5 for one in told["sizes"])  # starting Python does not count
    assert not (tmp_path / "labels").exists()
    assert (tmp_path / "scale-memory.png").stat().st_size > 1000
    again = list(scale.run(tmp_path, settings))
    assert again == lines
