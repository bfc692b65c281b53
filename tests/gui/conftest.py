from __future__ import annotations

import gc
import os
import shutil
import sys
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from scipy import ndimage

from napari_apprentice.data.storage import scratch
from napari_apprentice.engine.evaluate import compare
from napari_apprentice.events import Event, Finished, Progress, Started, TileDone, WasCancelled, is_last
from napari_apprentice.jobs import (
    AskJob,
    ClickResult,
    EvaluateJob,
    Job,
    PackedMask,
    ProposingJob,
    SegmentResult,
    TeachClicksJob,
    TeachClicksResult,
    TeachJob,
    TeachResult,
)
from napari_apprentice.runners import FoundDevice
from napari_apprentice.session.catalog import ASKED, bundled_files

no_screen = sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
collect_ignore_glob = ["test_window_*.py", "test_forms.py"] if no_screen else []

LEFT = Qt.MouseButton.LeftButton


class Threshold:
    """A job done by a threshold: what matters here is what the window makes of its events."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.ended = False
        self.scores = {"score_before": 0.61, "score_after": 0.74, "better": True, "steps": 120, "seconds": 9.0}
        self.learned = {"judged": 9, "clicks_before": 3.4, "clicks_after": 2.1, "better": True}
        self.events: deque[Event] = deque([Started(device="CPU, 2 threads")])

    def poll(self) -> list[Event]:
        events = list(self.events)
        self.events.clear()
        self.ended = self.ended or any(is_last(event) for event in events)
        return events

    def cancel(self) -> None:
        self.events.append(WasCancelled())

    def say(self, *events: Event) -> None:
        self.events.extend(events)

    def labels(self) -> np.ndarray:
        pixels = scratch.read(self.job.image.pixels)
        found = np.zeros((pixels.shape[0], *pixels.shape[2:]), np.uint32)
        for t in range(len(found)):
            found[t] = ndimage.label(pixels[t].mean(axis=0) > 500)[0]
        return found

    def tile(self) -> None:
        """Half of the labels are there."""
        found = self.labels()
        half = found.shape[-1] // 2
        out = scratch.create(self.job.out.path, found.shape, np.uint32)
        out[..., :half] = found[..., :half]
        out.flush()
        region = (*((0, n) for n in found.shape[:-1]), (0, half))
        self.say(Progress(done=1, total=2, left_s=3.0, what="1 of 2 tiles"), TileDone(region=region))

    def finish(self) -> None:
        """All of it is there."""
        job = self.job
        if isinstance(job, TeachJob):
            Path(job.out).parent.mkdir(exist_ok=True)
            shutil.copy(next(iter(bundled_files().values()))[1], job.out)
            self.say(Finished(result=TeachResult(job=job.id, model=job.out, **self.scores)))
            return
        if isinstance(job, TeachClicksJob):
            shutil.copy(bundled_files()[ASKED][1], job.out)
            self.say(Finished(result=TeachClicksResult(job=job.id, model=job.out, objects=3, **self.learned)))
            return
        found = self.labels()
        if isinstance(job, ProposingJob):
            ref = scratch.write(job.out.path, found)
            result = SegmentResult(job=job.id, labels=ref, objects=int(found.max()), seconds=0.1)
        elif isinstance(job, EvaluateJob):
            scratch.write(job.proposal, found)
            result = compare(job, {}).model_copy(update={"seconds": 0.1})
        else:
            mask = _asked(job, found) if job.type == "ask" else found == found[job.point]
            result = ClickResult(job=job.id, generation=job.generation, mask=PackedMask.of(mask, (0, 0, 0, 0)))
        self.say(Finished(result=result))


def _asked(job: AskJob, found: np.ndarray) -> np.ndarray:
    """The bright squares clicked, or in the box."""
    mask = np.zeros(found.shape, bool)
    if job.asked.mask:
        mask[job.asked.mask.slices] = job.asked.mask.unpacked()
    if job.point is None:
        box = tuple(slice(min(a, b), max(a, b) + 1) for a, b in zip(*job.asked.drawn, strict=True))
        mask[box] = found[box] > 0
        return mask
    part = found == found[job.point]
    return mask & ~part if job.removes else mask | part


class ThresholdRunners:
    """Runners whose jobs the test plays."""

    def __init__(self) -> None:
        self.jobs: list[Threshold] = []

    def start(self, job: Job) -> Threshold:
        self.jobs.append(Threshold(job))
        return self.jobs[-1]

    def devices(self) -> tuple[FoundDevice, ...]:
        return (FoundDevice(name="cpu", words="CPU, 2 threads"),)

    def close(self) -> None:
        self.jobs.clear()


def _cells(shape=(120, 160), seed=0) -> np.ndarray:
    """Bright squares of 16 x 16 on dark ground, one every 40 pixels, in 2D or 3D."""
    pixels = np.random.default_rng(seed).integers(0, 200, shape).astype(np.uint16)
    for y in range(12, shape[-2] - 16, 40):
        for x in range(12, shape[-1] - 16, 40):
            pixels[..., y : y + 16, x : x + 16] += 800
    return pixels


class Hand:
    """Real mouse and key events on napari's canvas; places are in the data of a layer (its displayed dimensions)."""

    def __init__(self, viewer) -> None:
        self.viewer = viewer
        self.canvas = viewer.window._qt_viewer.canvas

    def where(self, layer, at) -> QPoint:
        self.canvas.on_draw(None)
        node = self.canvas.layer_to_visual[layer].node
        x, y = node.get_transform("visual", "canvas").map([at[-1] + 0.5, at[-2] + 0.5, 0, 1])[:2]
        return QPoint(round(x), round(y))

    def click(self, layer, at) -> None:
        self.hover(layer, at)
        QTest.mouseClick(self.canvas.native, LEFT, pos=self.where(layer, at))

    def drag(self, layer, start, stop, steps=6) -> None:
        widget = self.canvas.native
        QTest.mouseMove(widget, self.where(layer, start))
        QTest.mousePress(widget, LEFT, pos=self.where(layer, start))
        for share in np.linspace(0, 1, steps)[1:]:
            at = np.asarray(start) * (1 - share) + np.asarray(stop) * share
            QTest.mouseMove(widget, self.where(layer, at))
            QTest.qWait(5)
        QTest.mouseRelease(widget, LEFT, pos=self.where(layer, stop))

    def key(self, what, modifier=Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.canvas.native, what, modifier)

    def hover(self, layer, at) -> None:
        QTest.mouseMove(self.canvas.native, self.where(layer, at))
        QTest.qWait(30)


@pytest.fixture
def hand(viewer):
    return Hand(viewer)


@pytest.fixture
def cells():
    return _cells


@pytest.fixture
def runners():
    return ThresholdRunners()


@pytest.fixture
def session(runners):
    from napari_apprentice.session import Session

    session = Session(runners=runners)
    yield session
    session.close()


@pytest.fixture
def opened(panel, viewer, cells):
    """One image of 12 cells is open; its masks layer."""
    viewer.add_image(cells(), name="cells", scale=(0.5, 0.5), units=("um", "um"))
    QTest.qWait(50)
    return panel.label_layers.labels


@pytest.fixture(scope="session")
def imported():
    """What is imported stays for good: napari collects garbage five times a test, and would look through all of it."""
    import napari_apprentice.gui.panel  # noqa: F401

    gc.collect()
    gc.freeze()


@pytest.fixture
def viewer(imported, make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def panel(viewer, session, qtbot):
    """The panel beside a canvas, with nothing open."""
    from napari_apprentice.gui.panel import ApprenticePanel

    panel = ApprenticePanel(viewer, session)
    viewer.window.add_dock_widget(panel, name="Apprentice", area="right")
    yield panel
    panel.runtime.close()
