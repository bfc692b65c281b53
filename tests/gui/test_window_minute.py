"""The scripted user of ``apprentice bench objects-a-minute`` in a real window; a threshold answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from apprentice_lab.bench.minute_times import BRUSH, CLICKS, POLYGON
from apprentice_lab.bench.window.desk import Desk
from apprentice_lab.bench.window.minute import Objects, work


@pytest.fixture
def runners(runners):
    """Jobs are answered as soon as they are looked at."""

    class AtOnce(type(runners)):
        def start(self, job):
            running = super().start(job)
            running.finish()
            return running

    return AtOnce()


def test_two_cells_are_done_in_three_ways(panel, opened, viewer, cells):
    labels = ndimage.label(cells() > 500)[0].astype(np.int32)
    labels[12:28, 92:108] = 2
    labels[12:28, 132:148] = 2  # one object of three squares: a click finds one of them
    numbers = [1, 2]
    rows = list(work(Desk(viewer, panel), Objects("a", "a", labels, numbers), drawn=1, zoom=None))
    assert [(one.way, one.object) for one in rows] == [(way, i) for way in (POLYGON, BRUSH, CLICKS) for i in numbers]
    assert [one.in_window for one in rows] == [True, False, True, False, True, True]
    assert min(one.iou for one in rows if one.in_window) >= 0.8
    first, second = rows[4:]
    assert (first.spent.reads, first.spent.clicks, first.spent.keys, first.first) == (1, 1, 0, 1.0)
    # two squares of three are missing after the first click, one after the second: Ctrl+click adds each
    assert (second.spent.reads, second.spent.clicks) == (3, 3)
    assert second.spent.keys == 2 + 1, "and Enter keeps the last"
    assert not (first.given_up)
    assert not (second.given_up)
    assert first.spent.waited_s > 0
    assert (panel.session.current.labels[0, 0][labels == 2] > 0).all()
