"""What a measurement leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.bench import report
from napari_apprentice.data.storage.results import folder
from napari_apprentice.errors import UserError


def test_results_say_what_they_depend_on(tmp_path: Path) -> None:
    path = report.write(tmp_path / "new" / "folder", {"bench": "x", "value": np.float32(0.5), "curve": np.arange(3)})
    found = json.loads(path.read_text())
    assert (found["bench"], found["value"], found["curve"]) == ("x", 0.5, [0, 1, 2])
    assert found["machine"]["cores"] >= 1
    assert "torch" in found["machine"]["packages"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="choose another --out folder"):
        folder(tmp_path / "file" / "folder")


def test_spread_of_a_hundred_values() -> None:
    assert report.spread(range(101)) == {"median": 50, "p95": 95, "p99": 99, "max": 100, "n": 101}


def test_a_plot_is_a_picture(tmp_path: Path) -> None:
    report.plot(tmp_path / "plot.png", lambda axes: axes.plot([0, 1], [0, 1]))
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
