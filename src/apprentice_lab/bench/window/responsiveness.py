"""The window's part of ``apprentice bench responsiveness``: a real viewer, the real panel, a real teaching."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import napari
import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

from apprentice_lab.bench.window.waiting import LONGEST_S, wait, wait_until
from napari_apprentice.data import samples
from napari_apprentice.data.image.volume import Volume
from napari_apprentice.demo import OBJECTS, correct
from napari_apprentice.errors import UserError
from napari_apprentice.events import Event, Failed, Validated
from napari_apprentice.gui.showing import image_layer_of
from napari_apprentice.session import Session


def measure(
    sample: str, model: str, *, side: int | None, idle_s: float, teach_s: float, cancels: int, tick_ms: int
) -> dict[str, Any]:
    """Delays of the event loop in ms, seconds from *Cancel* to idle, seconds to open the panel.

    The loop is watched by a timer that is asked for every ``tick_ms``: for so long idle and while the model is taught
    on a 2D sample, which is repeated up to ``side`` pixels; and during two *Segment*, before and after corrections,
    apart for their last part, in which the proposal is taken in and drawn, and for what the session takes of it without
    the drawing. Teaching is cancelled so often.
    """
    volume, truth = repeat(*samples.load(sample), side)
    viewer = napari.Viewer(title="Apprentice")
    viewer.add_layer(image_layer_of(volume)[0])
    wait(1.0)
    with WatchedSession.temporary() as session:
        panel, panel_s = _open_panel(viewer, session)
        session.watch_listeners()
        session.choose_model(model)
        segmenting = Ticks(tick_ms)
        ends = [_segment(session, segmenting)]
        correct(session, truth, OBJECTS)
        wait(2.0)
        ends.append(_segment(session, segmenting))
        session.is_watched = False
        wait(2.0)
        delays = {"idle": delays_ms(idle_s, tick_ms)}
        taking_in = [late for at, late in segmenting.late if any(start <= at <= stop for start, stop in ends)]
        delays |= {
            "segmenting": [late for _, late in segmenting.late],
            "taking in": taking_in,
            "session": session.took_ms,
        }
        _start_teaching(session)
        delays["teaching"] = delays_ms(teach_s, tick_ms)
        if not session.busy("teach"):
            raise UserError(f"Teaching ended before {teach_s:.0f} s were over: ask for fewer --teach-s.")
        taken = [_cancel(session)]
        for _ in range(cancels - 1):
            _start_teaching(session)
            wait(1.0)
            taken.append(_cancel(session))
        device = session.compute.device_words
        panel.runtime.close()
    viewer.close()
    return {"delays_ms": delays, "cancel_s": taken, "panel_s": panel_s, "device": device}


def repeat(volume: Volume, truth: NDArray[Any], side: int | None) -> tuple[Volume, NDArray[Any]]:
    """A sample side by side with itself up to ``side`` pixels; of its truth the first one's objects."""
    if side is None:
        return volume, truth
    *_, height, width = volume.pixels.shape
    times = (-(-side // height), -(-side // width))
    pixels = np.tile(volume.pixels, (1, 1, 1, *times))[..., :side, :side]
    objects = np.zeros((*truth.shape[:2], side, side), truth.dtype)
    first = truth[..., :side, :side]
    objects[..., : first.shape[2], : first.shape[3]] = first
    return replace(volume, pixels=pixels), objects


class WatchedSession(Session):
    """Notes how long each `pump` held the window's thread, without what listeners took: they draw."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.took_ms: list[float] = []
        self.is_watched = True
        self._listened_s = 0.0
        self._told = 0.0
        for signal in (self.labels_changed, self.job_event, self.job_ended):
            signal.connect(self._on_told)  # before all others

    def watch_listeners(self) -> None:
        """All others listen now."""
        for signal in (self.labels_changed, self.job_event, self.job_ended):
            signal.connect(self._on_heard)

    def pump(self) -> bool:
        """Take in what jobs report, and note how long that took."""
        self._listened_s, start = 0.0, time.perf_counter()
        came = super().pump()
        if self.is_watched:
            self.took_ms.append(1000 * (time.perf_counter() - start - self._listened_s))
        return came

    def _on_told(self) -> None:
        self._told = time.perf_counter()

    def _on_heard(self) -> None:
        self._listened_s += time.perf_counter() - self._told


class Ticks:
    """A timer of the event loop, and by how much each of its ticks came late."""

    def __init__(self, tick_ms: int) -> None:
        self.late: list[tuple[float, float]] = []  # when (s, `time.perf_counter`), by how much (ms)
        self._tick_ms = tick_ms
        self._last = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(tick_ms)
        self._timer.timeout.connect(self._on_tick)

    def start(self) -> None:
        """Begin to watch."""
        self._last = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._timer.stop()

    def _on_tick(self) -> None:
        now = time.perf_counter()
        self.late.append((now, max(0.0, 1000 * (now - self._last) - self._tick_ms)))
        self._last = now


def delays_ms(seconds: float, tick_ms: int) -> list[float]:
    """By how much each tick of a timer came late."""
    ticks = Ticks(tick_ms)
    ticks.start()
    wait(seconds)
    ticks.stop()
    return [late for _, late in ticks.late]


def _open_panel(viewer: napari.Viewer, session: Session) -> tuple[Any, float]:
    """From asking for the panel, its imports included, to seeing it."""
    start = time.perf_counter()
    from napari_apprentice.gui.panel import ApprenticePanel  # its imports are part of the time

    panel = ApprenticePanel(viewer, session)
    viewer.window.add_dock_widget(panel, name="Apprentice", area="right")
    QApplication.processEvents()
    seconds = time.perf_counter() - start
    panel.image.open(panel.images.layers[0])
    wait(1.0)
    return panel, seconds


def _segment(session: Session, ticks: Ticks) -> tuple[float, float]:
    """Press *Segment* and watch until its masks are drawn; when the last tile was there and when all was over (s)."""
    last_tile = time.perf_counter()

    def on_event(verb: str, event: Event) -> None:
        nonlocal last_tile
        if verb == "segment":
            last_tile = time.perf_counter()

    session.job_event.connect(on_event)
    ticks.start()
    try:
        session.segment()
        wait_until(lambda: not session.busy(), longest_s=5 * LONGEST_S)
        wait(0.5)  # drawn, too
    finally:
        ticks.stop()
        session.job_event.disconnect(on_event)
    return last_tile, time.perf_counter()


def _start_teaching(session: Session) -> None:
    """Press *Teach* and wait until the network has been judged once, so that training is really under way."""
    seen: list[Event] = []

    def on_event(kind: str, event: Event) -> None:
        if kind == "teach":
            seen.append(event)

    session.teach_settings = session.teach_settings.model_copy(
        update={"max_seconds": 10 * LONGEST_S, "max_steps": 1_000_000, "patience": 1000}
    )
    session.job_event.connect(on_event)
    session.job_ended.connect(on_event)
    try:
        session.verbs.teach()
        wait_until(lambda: any(isinstance(event, Validated) for event in seen) or not session.busy("teach"))
    finally:
        session.job_event.disconnect(on_event)
        session.job_ended.disconnect(on_event)
    for event in seen:
        if isinstance(event, Failed):
            raise UserError(event.message)


def _cancel(session: Session) -> float:
    session.cancel("teach")
    return wait_until(lambda: not session.busy("teach"))
