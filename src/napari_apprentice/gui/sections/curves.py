"""The live plot of teaching: losses on the left, the score on the right."""

from __future__ import annotations

import pyqtgraph as pg
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_apprentice.events import Validated
from napari_apprentice.gui.theme import Palette

_HEIGHT = 132


class Curves(QWidget):
    """Training loss, validation loss and score against seconds, in the theme's colours."""

    def __init__(self) -> None:
        super().__init__()
        self._events: list[Validated] = []
        self._plot = pg.PlotWidget()
        self._plot.setFixedHeight(_HEIGHT)
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._item = self._plot.getPlotItem()
        self._item.layout.setContentsMargins(0, 8, 0, 0)  # room for half of the topmost number
        self._item.showAxis("right")
        self._item.setLabel("bottom", "seconds")
        self._item.setLabel("left", "loss")
        self._item.setLabel("right", "score")
        self._item.vb.setLimits(xMin=0, yMin=0)
        for name in ("left", "bottom"):
            self._item.getAxis(name).enableAutoSIPrefix(False)
        self._scores = pg.ViewBox()
        self._scores.setMouseEnabled(x=False, y=False)
        self._scores.setXLink(self._item)
        self._scores.setYRange(0, 1, padding=0.02)
        self._item.scene().addItem(self._scores)
        self._item.getAxis("right").linkToView(self._scores)
        self._item.vb.sigResized.connect(self._on_resized)
        self._training = self._item.plot()
        self._validation = self._item.plot()
        self._score = pg.PlotDataItem()
        self._scores.addItem(self._score)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        self._plot.setBackground(colours.background)
        for name in ("left", "right", "bottom"):
            axis = self._item.getAxis(name)
            axis.setPen(colours.muted)
            axis.setTextPen(colours.muted)
            axis.setStyle(tickLength=-4)
        training, validation, score = colours.series
        self._training.setPen(pg.mkPen(training, width=1.5))
        self._validation.setPen(pg.mkPen(validation, width=2))
        self._score.setPen(pg.mkPen(score, width=2))
        for curve, colour in ((self._validation, validation), (self._score, score)):
            curve.setSymbol("o")
            curve.setSymbolSize(4)
            curve.setSymbolBrush(colour)
            curve.setSymbolPen(None)

    def clear(self) -> None:
        """Begin anew."""
        self._events.clear()
        self._draw()

    def add(self, event: Validated) -> None:
        """One more point."""
        self._events.append(event)
        self._draw()

    def _draw(self) -> None:
        for curve, name in (
            (self._training, "training_loss"),
            (self._validation, "validation_loss"),
            (self._score, "score"),
        ):
            points = [(e.seconds, getattr(e, name)) for e in self._events if getattr(e, name) is not None]
            curve.setData([x for x, _ in points], [y for _, y in points])

    def _on_resized(self) -> None:
        self._scores.setGeometry(self._item.vb.sceneBoundingRect())
        self._scores.linkedViewChanged(self._item.vb, self._scores.XAxis)
