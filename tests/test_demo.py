"""The demo without a window: the picture, the simulated corrections, and the whole of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_apprentice import Session, demo
from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.session.catalog import bundled_files


def two_squares() -> np.ndarray:
    """One object on the left and one on the right of (1, 1, 40, 80)."""
    truth = np.zeros((1, 1, 40, 80), np.uint32)
    truth[0, 0, 10:20, 10:20] = 7
    truth[0, 0, 10:20, 50:60] = 9
    return truth


def test_corrections_are_made_on_the_left_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path))
    truth = two_squares()
    with Session.temporary() as session:
        entry = session.add_image(Volume(np.arange(3200, dtype=np.uint16).reshape(1, 1, 1, 40, 80)))
        assert demo.correct(session, truth, objects=5) == 1
        np.testing.assert_array_equal(entry.confirmed == 2, truth == 7)
        assert (entry.confirmed[..., 40:] == 0).all()
        assert (entry.confirmed[0, 0, 8:22, 8:22] > 0).all()  # the object and its rim of 2 px
        assert (entry.confirmed == 1).sum() > 14 * 14 - 100  # ...and a stroke of background


def test_before_and_after_lie_side_by_side() -> None:
    truth = two_squares()
    picture = demo.before_after(Volume(np.zeros((1, 1, 1, 40, 80), np.uint8)), truth, np.zeros_like(truth), truth)
    assert picture.shape == (40, 2 * 80 + 6, 3)
    assert tuple(picture[10, 10]) == (90, 220, 255)  # before: the truth only
    assert tuple(picture[10, 86 + 10]) == (90, 255, 120)  # after: the proposal lies on it


@pytest.mark.slow
@pytest.mark.skipif(demo.MODEL not in bundled_files(), reason="no bundled model yet")
def test_the_whole_demo_writes_what_it_promises(tmp_path: Path) -> None:
    lines = list(demo.run(tmp_path / "out", teach_seconds=5, objects=10))
    assert "Written to" in lines[-1]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"before.tif", "after.tif", "before_after.png", "scores.json"}
    found = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert set(found["scores"]) == {"before", "after"}
    assert tifffile.imread(tmp_path / "out" / "before.tif").shape == samples.load(demo.SAMPLE)[1].shape[-2:]
