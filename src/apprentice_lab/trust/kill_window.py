"""Work at random in a real window, with mouse and keys, told step by step, until the process is killed."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from apprentice_lab.trust import kill_found
from apprentice_lab.trust.kill_told import Begins, Plan, digest_of, seen_of
from apprentice_lab.trust.kill_work import MODEL, Worker, settle
from napari_apprentice.gui.panel import ApprenticePanel
from napari_apprentice.project.folder import Project
from napari_apprentice.project.record import is_project
from napari_apprentice.runners import ProcessRunners
from napari_apprentice.session import Session, SessionOptions
from napari_apprentice.session.history import UndoStep

_HAND: Any = QTest  # whose functions are typed as if they were methods
_LEFT = Qt.MouseButton.LeftButton
_CONTROL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_POLL_MS = 20


def work(told: Connection, plan: Plan) -> None:
    """Open a window with the panel and the project, look whether it is as it must be, and go on until killed."""
    settle(plan)
    path = Path(plan.project)
    project = Project.open(path) if is_project(path) else Project.create(path, name=path.name)
    session = Session(project, ProcessRunners(), SessionOptions(in_window=True))
    seen = kill_found.look(session, plan)
    viewer = napari.Viewer(title="Apprentice")
    panel = ApprenticePanel(viewer, session)
    viewer.window.add_dock_widget(panel, name="Apprentice", area="right")
    worker = _WindowWorker(told, plan, viewer, panel)
    _HAND.qWait(50)
    told.send(seen)
    while True:
        worker.act()


class _WindowWorker(Worker):
    """Strokes of a real brush, keys and buttons; each event is acknowledged when its handler has returned."""

    def __init__(self, told: Connection, plan: Plan, viewer: napari.Viewer, panel: ApprenticePanel) -> None:
        super().__init__(told, plan, panel.session)
        self._viewer = viewer
        self._panel = panel
        self._canvas = viewer.window._qt_viewer.canvas
        self.choose_from(
            {
                self.stroke: 6, self.paint: 2, self.erase: 2, self.background: 2, self.merge: 2, self.approve: 2,
                self.undo: 2, self.redo: 1, self.click: 2, self.segment: 2, self.teach: 1, self.export: 1, self.save: 1,
                self.choose_settings: 1,
            }
        )  # fmt: skip

    # edits

    def stroke(self) -> None:
        """A drag of the brush with an object that is there or a new one."""
        self._drag("new object" if self.random.random() < 0.5 else "paint")

    def paint(self) -> None:
        """A dab."""
        self._take("paint")
        self._at(self._point(), "paint", lambda where: _HAND.mouseClick(self._canvas.native, _LEFT, pos=where))

    def erase(self) -> None:
        """A drag of the eraser."""
        self._drag("erase")

    def background(self) -> None:
        """A drag of the background brush."""
        self._drag("background")

    def merge(self) -> None:
        """An object is filled with the id in the hand."""
        point = self._point(on_object=True)
        self._take("fill")
        self._at(point, "merge", lambda where: _HAND.mouseClick(self._canvas.native, _LEFT, pos=where))

    def approve(self) -> None:
        """The object under the cursor is right."""
        self._at(self._point(on_object=True), "hover", lambda where: _HAND.mouseMove(self._canvas.native, where))
        _HAND.qWait(30)
        self.tell("approve", lambda: _HAND.keyClick(self._canvas.native, Qt.Key.Key_A), is_edit=True)

    def undo(self) -> None:
        """Ctrl+Z."""
        self._step("undo", _CONTROL, self.entry.history.done[-1:])

    def redo(self) -> None:
        """Ctrl+Shift+Z."""
        self._step("redo", _CONTROL | _SHIFT, self.entry.history.undone[-1:])

    # with the network

    def click(self) -> None:
        """A cell is clicked, and kept with Enter where something is proposed."""
        self._needs_model()
        self._take("click")
        point = self._point()
        self._wait("click", lambda: self._press(point))
        if self.session.verbs.click.proposal is not None:
            self.tell("keep", lambda: _HAND.keyClick(self._canvas.native, Qt.Key.Key_Return), is_edit=True)

    def segment(self) -> None:
        """The button *Segment*."""
        self._needs_model()
        self._wait("segment", self._panel.segment.job.verb.button.click)

    def _teach(self) -> None:
        self._wait("teach", self._panel.teach.job.verb.button.click)

    def add(self) -> None:
        """An image comes into the viewer."""
        volume = self._image()
        pixels = volume.pixels[0, 0, 0]
        self.tell("add", lambda: (self._viewer.add_image(pixels, name=volume.name), _HAND.qWait(50)))
        self.session.choose_model(MODEL)

    # what is needed for it

    def _take(self, tool: str) -> None:
        self._panel.tools.use(tool)

    def _drag(self, tool: str) -> None:
        self._take(tool)
        before, start, stop = digest_of(self.entry), self._point(), self._point()
        widget = self._canvas.native

        def told(do: Callable[[QPoint], None], share: float) -> None:
            at = self._where(start * (1 - share) + stop * share)
            self.tell(tool, lambda: do(at), is_edit=True, before=before)

        told(lambda at: _HAND.mouseMove(widget, at), 0)
        told(lambda at: _HAND.mousePress(widget, _LEFT, pos=at), 0)
        for share in np.linspace(0, 1, 6)[1:]:
            told(lambda at: _HAND.mouseMove(widget, at), share)
            told(lambda _: _HAND.qWait(5), share)
        told(lambda at: _HAND.mouseRelease(widget, _LEFT, pos=at), 1)

    def _at(self, point: np.ndarray, action: str, do: Callable[[QPoint], None]) -> None:
        where = self._where(point)
        self.tell("hover", lambda: _HAND.mouseMove(self._canvas.native, where), is_edit=True)
        self.tell(action, lambda: do(where), is_edit=True)

    def _press(self, point: np.ndarray) -> None:
        where = self._where(point)
        _HAND.mouseMove(self._canvas.native, where)
        _HAND.qWait(30)
        _HAND.mouseClick(self._canvas.native, _LEFT, pos=where)

    def _step(self, action: str, keys: Qt.KeyboardModifier, steps: list[UndoStep]) -> None:
        if not steps:
            return
        changes = [change.edit for change in steps[0].changes]
        deltas = [delta.inverse() for delta in reversed(changes)] if action == "undo" else changes
        press = lambda: _HAND.keyClick(self._canvas.native, Qt.Key.Key_Z, keys)  # noqa: E731
        self.tell(action, press, is_edit=True, after=self._after(deltas))

    def _wait(self, verb: str, begin: Callable[[], object]) -> None:
        """Begin a job and let the window live until it is over."""
        self.tell(f"begin {verb}", begin, is_edit=True)
        while self.session.busy():
            self._told.send(Begins(verb, seen_of(self.session)))
            _HAND.qWait(_POLL_MS)
        self.acknowledge(verb)

    def _point(self, *, on_object: bool = False) -> np.ndarray:
        labels = self.entry.labels[0, 0]
        points = np.argwhere(labels) if on_object else np.empty((0, 2))
        if len(points):
            return np.asarray(self.random.choice(points), float)
        return np.asarray([self.random.integers(4, n - 4) for n in labels.shape], float)

    def _where(self, point: np.ndarray) -> QPoint:
        """Where a voxel is on the canvas."""
        self._canvas.on_draw(None)
        node = self._canvas.layer_to_visual[self._panel.label_layers.labels].node
        x, y = node.get_transform("visual", "canvas").map([point[1] + 0.5, point[0] + 0.5, 0, 1])[:2]
        return QPoint(round(x), round(y))
