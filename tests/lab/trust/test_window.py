"""The trial of the window: a plan can be done again in part, what it looks for is found, and a short one is well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from apprentice_lab.trust.trial import Extent
from apprentice_lab.trust.window import trial
from apprentice_lab.trust.window.days import Day, is_drawing, spend
from apprentice_lab.trust.window.plan import WEIGHTS, Step, draw_plan, read_plan, write_plan
from apprentice_lab.trust.window.shrinking import shrink
from napari_apprentice.errors import UserError

needs_screen = pytest.mark.skipif(
    sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")),
    reason="there is no screen: run under xvfb-run",
)

LOOK = """
import sys
from pathlib import Path
import numpy as np
import pytest
from apprentice_lab.trust.window import plan, steps
from apprentice_lab.trust.window.checks import look, look_closely
from apprentice_lab.trust.window.complaints import Complaints
from apprentice_lab.trust.window.desk import Desk, Wrong, wait
from napari_apprentice.gui.labels_layer import ApprenticeLabels

assert set(steps.STEPS) == set(plan.WEIGHTS)
heard = Complaints()
heard.listen()
desk = Desk(Path(sys.argv[1]))
image = desk.viewer.add_image(np.arange(4800, dtype=np.uint16).reshape(60, 80), name="cells")
wait(0.1)
session, masks = desk.session, desk.panel.label_layers.labels
masks.paint((20, 20), 3)
look(desk)
look_closely(desk)
assert heard.take() == []

stray = desk.viewer.add_layer(ApprenticeLabels(np.zeros((60, 80), np.uint32), name="cells masks [1]"))
with pytest.raises(Wrong, match="belong to nothing"):
    look(desk)
desk.viewer.layers.remove(stray)
desk.viewer.layers.remove(masks)
with pytest.raises(Wrong, match="has no masks layer"):
    look(desk)
desk.panel.label_layers.show_masks()
look(desk)

desk.viewer.layers.move(desk.viewer.layers.index(image), len(desk.viewer.layers))
with pytest.raises(Wrong, match="covers its masks"):
    desk.masks_lie_above(image)

session.current.labels[0, 0, 50, 70] = 9  # behind everybody's back
with pytest.raises(Wrong, match="after the same steps before"):
    look(desk)
with pytest.raises(Wrong, match="tells other labels"):
    look_closely(desk)
session.current.labels[0, 0, 50, 70] = 0

session.message.connect(lambda sentence: 1 / 0)
from qtpy.QtCore import QTimer
QTimer.singleShot(0, lambda: 1 / 0)
wait(0.05)
(told,) = heard.take()
assert "ZeroDivisionError" in told
desk.close()
print("all found")
"""


def test_a_plan_is_the_same_for_the_same_seed_and_kept_whole(tmp_path: Path) -> None:
    steps = draw_plan(3, 50)
    assert steps == draw_plan(3, 50) != draw_plan(4, 50)
    assert steps[0].name == "open image"
    assert {step.name for step in draw_plan(0, 2000)} == set(WEIGHTS)
    write_plan(tmp_path / "plan.json", steps)
    assert read_plan(tmp_path / "plan.json") == steps


def test_a_failing_plan_is_shrunk_to_the_steps_that_matter() -> None:
    asked: list[list[int]] = []

    def fails(steps: list[int]) -> bool:
        asked.append(steps)
        return 3 in steps and 11 in steps

    assert shrink(range(20), fails, tries=100) == [3, 11, 19]
    assert len(asked) < 40
    assert shrink(range(20), fails, tries=0) == list(range(20))


def test_days_are_the_same_kind_of_failure_whatever_numbers_it_names() -> None:
    one, other = (Day(3, 1.0, f"Traceback, line {n}\nWrong: image {n} covers its masks") for n in (7, 12))
    assert one.kind == other.kind != Day(3, 1.0, "ended by SIGSEGV").kind


def test_only_what_ends_in_opengl_under_the_canvas_is_napari_drawing() -> None:
    gl, paint = 'File "/x/vispy/gloo/gl/_gl2.py", line 4', 'File "/x/vispy/app/backends/_qt.py", line 9'
    node, ours = 'File "/x/napari/_vispy/canvas.py", line 1', 'File "/x/napari_apprentice/gui/preview.py", line 2'
    assert is_drawing([gl, node, paint, ours])  # a call of ours that lets the window draw
    assert not is_drawing([gl, ours, paint])
    assert not is_drawing([ours, gl, paint])
    assert not is_drawing([node, paint])
    assert not is_drawing([gl, node])
    assert not is_drawing([])


def test_without_a_screen_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(UserError, match="xvfb-run"):
        next(trial.run(tmp_path, Extent()))


@needs_screen
def test_a_window_that_ends_or_fails_is_told_with_where_it_was(tmp_path: Path) -> None:
    day = spend(tmp_path / "day", [Step("wait", 1), Step("no such step", 1)])
    assert day.done == 1
    assert day.kind == "KeyError: 'no such step'"


@needs_screen
def test_what_must_not_be_is_found(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", LOOK, str(tmp_path)], capture_output=True, text=True, check=False)
    assert run.stdout.endswith("all found\n"), run.stderr


@needs_screen
def test_a_short_day_in_the_window_is_well(tmp_path: Path) -> None:
    told = trial.run(tmp_path, Extent(share=0.0025, seed=5))
    try:
        while True:
            assert next(told).startswith("window, seed 5: 25 steps")
    except StopIteration as end:
        outcome = end.value
    assert outcome.failures == ()
    assert (outcome.tried, outcome.numbers["steps"]) == (1, 25)
