from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.bench import adoption, adoption_report, adoption_users
from napari_apprentice import Session
from napari_apprentice.data.image.volume import Volume


def squares() -> np.ndarray:
    truth = np.zeros((1, 1, 128, 128), np.uint32)
    for number in range(16):
        y, x = 8 + 32 * (number // 4), 8 + 32 * (number % 4)
        truth[0, 0, y : y + 16, x : x + 16] = number + 1
    return truth


@pytest.mark.parametrize("name", adoption_users.USERS)
def test_what_a_user_touches_is_told(name, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path))
    truth, rng = squares(), np.random.default_rng(0)
    with Session.temporary() as session:
        entry = session.add_image(Volume(rng.integers(0, 99, (1, 1, 1, 128, 128)).astype(np.uint16)))
        touched = adoption_users.USERS[name](session, truth, np.where(truth > 8, 0, truth), 5, rng)
        said = set(np.unique(truth[(entry.confirmed > 0) & (truth > 0)]))
        assert said <= set(touched)
        assert 0 < len(touched) < 16
        assert (entry.confirmed == 2).any()


def test_the_rule_takes_what_is_much_better_and_hardly_ever_what_is_worse(tmp_path: Path) -> None:
    table, strokes = adoption.run(tmp_path, adoption.AdoptionSettings(objects=(8, 30), rule=40))
    assert table.splitlines()[0] == "| truly better by | 8 objects | 30 objects |"
    assert strokes.splitlines()[0] == "| truly better by | 8 strokes | 30 strokes |"
    rows = json.loads((tmp_path / "results.json").read_text())["rule"]
    for what in ("taken", "strokes taken"):
        assert all(max(row[what].values()) < 0.08 for row in rows if row["gain"] < 0)
    assert rows[-1]["taken"]["30"] > 0.95


def test_versions_are_counted_by_what_became_of_them() -> None:
    rows = [
        {"outcome": "taken", "judged": True, "gain": 0.2, "gain_high": 0.3},
        {"outcome": "waits", "judged": True, "gain": -0.1, "gain_high": -0.03},
        {"outcome": "waits", "judged": False, "gain": -0.1, "gain_high": 0.01},  # by chance, perhaps
        {"outcome": "refused", "judged": True, "gain": -0.2, "gain_high": -0.1},
    ]
    found = adoption_report.counts(rows)
    assert (found["taken"], found["wait"], found["refused"], found["judged"]) == (1, 2, 1, 3)
    assert (found["worse"], found["worse, judged"], found["worse, taken"]) == (2, 2, 0)
    assert (found["better, judged"], found["better, taken"]) == (1, 1)


def test_a_teaching_is_judged_on_what_nobody_touched_and_found_again(
    cropped: Callable[[Path, int, int], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "nuclei"
    folder.mkdir()
    settings = adoption.AdoptionSettings(
        data=cropped(folder, 2, 128), images=1, beside=1, users=("good",), objects=(2,), seconds=20, steps=1, threads=1
    )
    lines = list(adoption.run(tmp_path / "out", settings))
    assert "good, 2: waits; AP .50 of the rest" in lines[0]
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert found["table"]["all"]["teachings"] == 1
    (row,) = found["teachings"]
    assert row["version"]["why_no_score"]
    assert row["judged_on"] > row["left"]  # the other image as well
    assert row["gain_low"] <= row["gain"] <= row["gain_high"]
    assert list(adoption.run(tmp_path / "out", settings)) == lines  # nothing is taught twice
