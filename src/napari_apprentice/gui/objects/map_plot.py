"""Objects as points: coloured, selected by a line drawn around them, gone to by a click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from skimage.measure import points_in_poly

from napari_apprentice.gui.theme import Palette

_NEAR_PX = 8
_POINT_PX, _CHOSEN_PX = 6, 9
_LEAST = 3  # corners of a line around points
_TIP = "Drag around points to select their objects (Shift adds); click one to go to it; the wheel zooms"


class MapPlot(pg.PlotWidget):
    """``selected`` is called with the rows of points that were drawn around, ``clicked`` with the one clicked.

    ``said`` gives what stands at the pointer over the point of a row.
    """

    def __init__(
        self,
        selected: Callable[[NDArray[np.int64], bool], None],
        clicked: Callable[[int], None],
        said: Callable[[int], str],
    ) -> None:
        self._box = _LassoBox(self._on_line)
        super().__init__(viewBox=self._box)
        self._selected, self._clicked, self._said = selected, clicked, said
        self.points: NDArray[np.float32] = np.zeros((0, 2), np.float32)
        self._groups: list[pg.ScatterPlotItem] = []
        self._chosen = pg.ScatterPlotItem(pxMode=True, size=_CHOSEN_PX, brush=None)
        self._chosen.setZValue(10)
        self.addItem(self._chosen)
        self._line = pg.PlotCurveItem()
        self._line.setZValue(20)
        self.addItem(self._line)
        self._box.line = self._line
        self.setMenuEnabled(False)
        self.hideButtons()
        self.hideAxis("left")
        self.hideAxis("bottom")
        self._box.setAspectLocked(True)
        self.setToolTip(_TIP)
        self.scene().sigMouseMoved.connect(self._on_moved)
        self.scene().sigMouseClicked.connect(self._on_click)  # points would keep it from the view

    def show_points(self, points: NDArray[np.float32], group: NDArray[np.int64], colors: list[str]) -> None:
        """Points (n, 2), each in the colour of its ``group`` (n,)."""
        is_other = points is not self.points
        self.points = points
        for item in self._groups:
            self.removeItem(item)
        self._groups = []
        for number, color in enumerate(colors):
            there = points[group == number]
            if len(there):
                item = pg.ScatterPlotItem(
                    x=there[:, 0], y=there[:, 1], pxMode=True, size=_POINT_PX, pen=None, brush=pg.mkBrush(color)
                )
                self._groups.append(item)
                self.addItem(item)
        if is_other:
            self._chosen.setData([], [])
            self._box.autoRange()

    def show_chosen(self, rows: NDArray[np.int64]) -> None:
        """Mark the points of selected objects."""
        self._chosen.setData(x=self.points[rows, 0], y=self.points[rows, 1])

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        self.setBackground(colours.background)
        self._chosen.setPen(pg.mkPen(colours.text, width=1.5))
        self._line.setPen(pg.mkPen(colours.accent, width=2))

    def row_at(self, place: Any) -> int | None:
        """The row of the point near a place of the plot, in its own units; None where none is near."""
        if len(self.points) == 0:
            return None
        wide, high = self._box.viewPixelSize()
        away = np.hypot((self.points[:, 0] - place.x()) / wide, (self.points[:, 1] - place.y()) / high)
        row = int(away.argmin())
        return row if away[row] <= _NEAR_PX else None

    def _on_line(self, corners: NDArray[np.float64], adds: bool) -> None:
        if len(corners) >= _LEAST:
            self._selected(np.flatnonzero(points_in_poly(self.points, corners)), adds)

    def _on_click(self, event: Any) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        row = self.row_at(self._box.mapSceneToView(event.scenePos()))
        if row is not None:
            self._clicked(row)

    def _on_moved(self, position: Any) -> None:
        row = self.row_at(self._box.mapSceneToView(position))
        self.setToolTip(_TIP if row is None else self._said(row))


class _LassoBox(pg.ViewBox):
    """Left drags draw a line around points; other buttons and the wheel move the view."""

    def __init__(self, drawn: Callable[[NDArray[np.float64], bool], None]) -> None:
        super().__init__()
        self._drawn = drawn
        self._corners: list[tuple[float, float]] = []
        self.line: pg.PlotCurveItem | None = None

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        """A line around points, closed when the button is up."""
        if ev.button() != Qt.MouseButton.LeftButton or self.line is None:
            super().mouseDragEvent(ev, axis)
            return
        ev.accept()
        if ev.isStart():
            first = self.mapToView(ev.buttonDownPos())
            self._corners = [(first.x(), first.y())]
        at = self.mapToView(ev.pos())
        self._corners.append((at.x(), at.y()))
        corners = np.array(self._corners)
        if ev.isFinish():
            self.line.setData([], [])
            self._drawn(corners, bool(ev.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            closed = np.vstack([corners, corners[:1]])
            self.line.setData(closed[:, 0], closed[:, 1])
