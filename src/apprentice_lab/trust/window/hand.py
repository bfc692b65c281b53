"""Mouse and keys on napari's canvas, as events of the real widget: the cursor of the screen is left alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import napari
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

_TEST: Any = QTest  # whose stubs take its functions for methods
_LEFT, _NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
_PLAIN = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_MOVES = 4
_PAUSE_MS = 6  # napari looks at the cursor so often
_NOTCH = 120  # of a wheel, in eighths of a degree
_EDGE = 0.25  # of the canvas, where no gesture begins


class Hand:
    """Clicks, drags and keys; places are shares of the canvas."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self._canvas: QWidget = viewer.window._qt_viewer.canvas.native  # napari has no public name for it

    def somewhere(self, draw: random.Random) -> QPointF:
        """A place in the middle of the canvas."""
        across, down = (_EDGE + (1 - 2 * _EDGE) * draw.random() for _ in range(2))
        return QPointF(round(across * self._canvas.width()), round(down * self._canvas.height()))

    def near(self, place: QPointF, draw: random.Random, farthest: int = 60) -> QPointF:
        """A place beside another one."""
        return place + QPointF(draw.randint(-farthest, farthest), draw.randint(-farthest, farthest))

    def move(self, place: QPointF) -> None:
        """Bring the pointer there."""
        self._send(QEvent.Type.MouseMove, place)

    def click(self, place: QPointF, modifiers: Qt.KeyboardModifier = _PLAIN) -> None:
        """Move there, press and release."""
        for kind in (QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease):
            self._send(kind, place, modifiers=modifiers)

    def double_click(self, place: QPointF) -> None:
        """As a system reports it: the second press is the double click."""
        self.click(place)
        self._send(QEvent.Type.MouseButtonDblClick, place)
        self._send(QEvent.Type.MouseButtonRelease, place)

    def drag(self, places: Sequence[QPointF], between: Any = None, moves: int = _MOVES) -> None:
        """Press at the first place, go through all in so many ``moves`` each, call ``between``, release at the last."""
        self._send(QEvent.Type.MouseMove, places[0])
        self._send(QEvent.Type.MouseButtonPress, places[0])
        for start, stop in pairwise(places):
            for i in range(1, moves + 1):
                self._send(QEvent.Type.MouseMove, start + (stop - start) * (i / moves), held=True)
                _TEST.qWait(_PAUSE_MS)
        if between is not None:
            between()
        self._send(QEvent.Type.MouseButtonRelease, places[-1])

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = _PLAIN) -> None:
        """Press and release a key."""
        _TEST.keyClick(self._canvas, key, modifiers)

    @contextmanager
    def holding(self, key: Qt.Key) -> Iterator[None]:
        """A key is held down meanwhile."""
        _TEST.keyPress(self._canvas, key)
        try:
            yield
        finally:
            _TEST.keyRelease(self._canvas, key)

    def wheel(self, place: QPointF, notches: int) -> None:
        """Turn the wheel, away from one where that is positive."""
        world, none = QPointF(self._canvas.mapToGlobal(place.toPoint())), QPoint(0, 0)
        phase = Qt.ScrollPhase.NoScrollPhase
        turned = QPoint(0, _NOTCH * notches)
        QApplication.sendEvent(self._canvas, QWheelEvent(place, world, none, turned, _NONE, _PLAIN, phase, False))

    def _send(
        self, kind: QEvent.Type, place: QPointF, *, held: bool = False, modifiers: Qt.KeyboardModifier = _PLAIN
    ) -> None:
        if kind == QEvent.Type.MouseMove:
            button, buttons = _NONE, _LEFT if held else _NONE
        else:
            button, buttons = _LEFT, _NONE if kind == QEvent.Type.MouseButtonRelease else _LEFT
        world = QPointF(self._canvas.mapToGlobal(place.toPoint()))
        QApplication.sendEvent(self._canvas, QMouseEvent(kind, place, world, button, buttons, modifiers))
