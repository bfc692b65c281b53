"""How a column is spread, with a range that selects rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_apprentice.data.objects.names import LABEL
from napari_apprentice.gui.objects.columns import Column
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.widgets.numbers import NumberField
from napari_apprentice.gui.widgets.rows import row

_BINS = 60
_LEAST_HEIGHT = 48


class Histogram(QWidget):
    """``chosen`` is called with the name of the column and its range, ends included, when the user changes that."""

    def __init__(self, chosen: Callable[[str, float, float], None]) -> None:
        super().__init__()
        self._chosen = chosen
        self._columns: dict[str, Column] = {}
        self._ends = (0.0, 1.0)  # of all values
        self._is_moved = False  # the range was chosen by the user
        self.column = QComboBox()
        self.column.setToolTip("The column that is drawn")
        self.column.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.column.activated.connect(self._on_column)
        self.low, self.high = (
            NumberField("Smallest value that is selected"),
            NumberField("Largest value that is selected"),
        )
        for field in (self.low, self.high):
            field.editingFinished.connect(self._on_typed)
        self.plot = pg.PlotWidget()
        self.plot.setMinimumHeight(_LEAST_HEIGHT)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setToolTip("Drag the edges of the range: the objects in it are selected")
        item = self.plot.getPlotItem()
        item.hideAxis("left")
        item.getAxis("bottom").enableAutoSIPrefix(False)
        self._bars = pg.PlotCurveItem([0.0, 1.0], [0.0], stepMode="center", fillLevel=0)
        self.range = pg.LinearRegionItem(swapMode="sort")
        self.plot.addItem(self._bars)
        self.plot.addItem(self.range)
        self.range.sigRegionChanged.connect(self._show_ends)
        self.range.sigRegionChangeFinished.connect(self._on_dragged)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        rows.addWidget(self.column)
        rows.addWidget(self.plot, 1)
        rows.addLayout(row(QLabel("From"), self.low, QLabel("to"), self.high))

    def show_columns(self, columns: list[Column], first: str) -> None:
        """Offer the columns that are numbers but the ids, and draw the one that was chosen before, or ``first``."""
        before = self.column.currentData()
        self._columns = {one.name: one for one in columns if one.is_number and one.name != LABEL}
        names = [self.column.itemData(i) for i in range(self.column.count())]
        if names != list(self._columns):
            self._is_moved = self._is_moved and before in self._columns
            with signals_blocked(self.column):
                self.column.clear()
                for one in self._columns.values():
                    self.column.addItem(one.title, one.name)
                self.column.setCurrentIndex(max(0, self.column.findData(before if before in self._columns else first)))
        self._draw()

    def choose(self, name: str) -> None:
        """Draw another column, with nothing selected in it yet."""
        self.column.setCurrentIndex(self.column.findData(name))
        self._on_column()

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        self.plot.setBackground(colours.background)
        axis = self.plot.getPlotItem().getAxis("bottom")
        axis.setPen(colours.muted)
        axis.setTextPen(colours.muted)
        axis.setStyle(tickLength=-4)
        bars, _, chosen = colours.series
        self._bars.setBrush(pg.mkBrush(bars))
        self._bars.setPen(pg.mkPen(bars))
        shade = pg.mkColor(chosen)
        shade.setAlpha(45)
        self.range.setBrush(shade)
        self.range.setHoverBrush(shade)
        for line in self.range.lines:
            line.setPen(pg.mkPen(chosen, width=2))
            line.setHoverPen(pg.mkPen(chosen, width=4))

    def _draw(self) -> None:
        values = self._values()
        if len(values) == 0:
            self._bars.setData([0.0, 1.0], [0.0])
            return
        low, high = float(values.min()), float(values.max())
        counts, edges = np.histogram(values, bins=_BINS, range=(low, high if high > low else low + 1))
        self._bars.setData(edges, counts)
        margin = (edges[-1] - edges[0]) * 0.02
        self.plot.setXRange(edges[0] - margin, edges[-1] + margin, padding=0)
        self._ends = (low, high)
        if not self._is_moved:
            with signals_blocked(self.range):
                self.range.setRegion(self._ends)
        self._show_ends()

    def _values(self) -> NDArray[np.float64]:
        column = self._columns.get(self.column.currentData())
        if column is None:
            return np.zeros(0)
        values = column.values.astype(np.float64)
        return values[np.isfinite(values)]

    def _show_ends(self) -> None:
        for field, value in zip((self.low, self.high), self.range.getRegion(), strict=True):
            with signals_blocked(field):
                field.setText(f"{value:.5g}")

    def _on_column(self) -> None:
        self._is_moved = False
        self._draw()

    def _on_dragged(self) -> None:
        self._tell(*self.range.getRegion())

    def _on_typed(self) -> None:
        ends = [end for field in (self.low, self.high) if (end := field.number) is not None]
        if len(ends) < 2:
            self._show_ends()
            return
        low, high = sorted(ends)
        if (f"{low:.5g}", f"{high:.5g}") == tuple(f"{end:.5g}" for end in self.range.getRegion()):
            return
        with signals_blocked(self.range):
            self.range.setRegion((low, high))
        self._tell(low, high)

    def _tell(self, low: float, high: float) -> None:
        self._is_moved = True
        name = self.column.currentData()
        if name is not None:
            self._chosen(name, low, high)
