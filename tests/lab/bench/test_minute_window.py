"""The scripted user of ``apprentice bench objects-a-minute`` in a real window; a threshold answers."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from apprentice_lab.bench.minute_times import BRUSH, CLICKS, POLYGON
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.runners import Runners
from napari_apprentice.session import Session

pytestmark = pytest.mark.skipif(
    sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")),
    reason="needs a screen",
)


def test_two_cells_are_done_in_three_ways(at_once: Runners) -> None:
    from apprentice_lab.bench.window.desk import opened  # here: they load Qt
    from apprentice_lab.bench.window.minute import Objects, work

    pixels = np.zeros((120, 160), np.uint16)
    labels = np.zeros((120, 160), np.int32)
    for left, number in ((12, 1), (52, 2), (92, 2), (132, 2)):  # the second is of three squares: a click finds one
        pixels[12:28, left : left + 16] = 800
        labels[12:28, left : left + 16] = number
    volume = Volume(pixels[None, None, None], name="cells")
    with Session.temporary(at_once) as session, opened(volume, session, "fresh") as desk:
        rows = list(work(desk, Objects("cells", "cells", labels, [1, 2]), drawn=1, zoom=None))
        kept = desk.labels.copy()
    assert [(one.way, one.object) for one in rows] == [(way, i) for way in (POLYGON, BRUSH, CLICKS) for i in (1, 2)]
    assert [one.in_window for one in rows] == [True, False, True, False, True, True]
    assert min(one.iou for one in rows if one.in_window) >= 0.8
    first, second = rows[4:]
    assert (first.spent.reads, first.spent.clicks, first.spent.keys, first.first) == (1, 1, 0, 1.0)
    # a third is right, then two, then all: two wrong answers are read, Ctrl and a click add, Enter keeps the last
    assert second.first == pytest.approx(1 / 3)
    assert (second.spent.reads, second.spent.clicks, second.spent.keys) == (3, 3, 2 + 1)
    assert not first.given_up
    assert not second.given_up
    assert first.spent.waited_s > 0
    assert ((kept > 0) == (labels > 0)).all()
    assert len(np.unique(kept)) == 3
