"""Objects a minute: the arithmetic of stated times, by numbers worked out by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from apprentice_lab.bench import minute_report
from apprentice_lab.bench.minute import MinuteSettings, run
from apprentice_lab.bench.minute_times import (
    BRUSH,
    CLICKS,
    POLYGON,
    Spent,
    StatedTimes,
    Worked,
    brush,
    pace_of,
    polygon,
    with_waits,
)
from napari_apprentice.errors import UserError

TIMES = StatedTimes()


def test_a_user_takes_what_his_hand_does_and_what_the_program_lets_him_wait() -> None:
    first = Spent(reads=1, clicks=1, waited_s=0.1)
    assert first.seconds(TIMES) == pytest.approx(0.4 + 0.9 + 0.1)
    again = first + Spent(reads=1, clicks=1, keys=1, waited_s=0.2)  # a wrong answer, read, and Shift+click
    assert again.seconds(TIMES) == pytest.approx(1.4 + 0.4 + 0.9 + 0.3 + 0.2)
    assert polygon(300.0).seconds(TIMES) == pytest.approx(0.4 + 0.3 + 1 + 2)
    assert brush(300.0, 0.5).seconds(TIMES) == pytest.approx(0.4 + 2 * 0.3 + 1 + 2 + 0.9 + 0.5)
    assert polygon(300.0).seconds(StatedTimes(outline_px_per_s=100, key_s=0)) == pytest.approx(0.4 + 1 + 3)


def worked(way: str, iou: float, spent: Spent, *, in_window: bool = True, image: str = "a") -> Worked:
    return Worked(way, image, image, 1, iou, spent, in_window, first=iou if way == CLICKS else None)


def test_only_objects_that_are_right_count_and_the_time_of_all_does() -> None:
    rows = [worked(CLICKS, 0.9, Spent(waited_s=3)), worked(CLICKS, 0.79, Spent(waited_s=7))]
    pace = pace_of(rows, TIMES)
    assert (pace.objects, pace.right, pace.seconds, pace.a_minute) == (2, 1, 10, 6)
    drawn = [worked(POLYGON, 0.95, Spent(waited_s=2)), worked(POLYGON, 0.5, Spent(waited_s=2))]
    counted = [worked(POLYGON, float("nan"), Spent(waited_s=2), in_window=False)] * 2
    assert pace_of([*drawn, *counted], TIMES).right == 3  # an outline that is only counted is taken for right


def test_what_was_not_outlined_in_the_window_waits_as_long_as_what_was() -> None:
    rows = [worked(POLYGON, 0.9, polygon(150, waited)) for waited in (0.1, 0.2, 0.6)]
    rows += [worked(BRUSH, 0.9, brush(150, 0.5)), worked(POLYGON, float("nan"), polygon(150), in_window=False)]
    found = with_waits(rows)
    assert found[:4] == rows[:4]
    assert found[4].spent.waited_s == 0.2


def test_the_report_says_how_much_faster_clicks_are(tmp_path: Path) -> None:
    rows = [worked(CLICKS, 0.9, Spent(waited_s=2), image=name) for name in "ab"]
    rows += [worked(POLYGON, 0.9, Spent(waited_s=6), image=name) for name in "ab"]
    rows += [worked(BRUSH, 0.9, Spent(waited_s=5), image=name) for name in "ab"]
    text = "\n".join(minute_report.write(tmp_path, MinuteSettings(), rows, [1.5], {}, []))
    assert "| clicks | 2 | 2 | 2.0 | 2.0 | 30.0 [30.0, 30.0] |  |" in text
    assert "| polygon | 2 | 2 | 6.0 | 6.0 | 10.0 [10.0, 10.0] | 3.0x |" in text
    found = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [one["clicks_are_faster"] for one in found["ways"]] == [1, 3, 2.5]
    with (tmp_path / "objects.csv").open(encoding="utf-8", newline="") as file:
        assert [float(row["seconds"]) for row in csv.DictReader(file)] == [2, 2, 6, 6, 5, 5]
    assert (tmp_path / "minute.png").stat().st_size > 5000


def test_one_image_needs_its_labels(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--image and --labels belong together"):
        next(run(tmp_path, MinuteSettings(image=tmp_path / "a.tif")))


def test_a_spread_of_waiting_is_in_milliseconds() -> None:
    from apprentice_lab.bench.window.canvas import Took

    every = [Took(answered=0.001 * i, drawn=0.002 * i, processor=0.003 * i) for i in range(1, 101)]
    found = minute_report.waiting({"after Esc": every}, [0.01])
    assert found["after Esc"]["median"] == pytest.approx(101)
    assert found["after Esc"]["p95"] == pytest.approx(np.percentile(np.arange(2, 201, 2), 95))
    assert found["after Esc, until answered"]["first"] == pytest.approx(1)
    assert found["after Esc, time of processors"]["max"] == pytest.approx(300)
    assert found["drawing alone"]["n"] == 1


def test_objects_of_a_stack_are_clicked_in_the_slice_where_they_are_largest() -> None:
    from apprentice_lab.bench.window.answers import places_in

    labels = np.zeros((4, 30, 30), np.int32)
    labels[1, 4:9, 4:9] = 3
    labels[2, 3:10, 3:10] = 3
    places = places_in(labels, np.array([3]), np.random.default_rng(0))
    assert next(places) == (2, (6.0, 6.0))
    for z, (y, x) in (next(places) for _ in range(20)):
        assert 0 <= z < 4
        assert 3 <= min(y, x) <= max(y, x) < 27
