"""*Map*: objects as points, those that look alike to the network near each other; linked with table and canvas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from napari_apprentice.data.objects.classes import NAME
from napari_apprentice.data.objects.names import LABEL
from napari_apprentice.data.objects.table import ObjectTable
from napari_apprentice.errors import UserError
from napari_apprentice.events import Failed, Progress
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.objects.columns import Column
from napari_apprentice.gui.objects.map_plot import MapPlot
from napari_apprentice.gui.theme import Palette
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.job import JobControl
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import ObjectMap, Session

_METHODS = (("tsne", "t-SNE"), ("pca", "Principal components"))
_GREY = "#8a8f98"
_SHADES = 12
_SHADED = "viridis"
_OUTLIERS = "Select the objects that are least like any other, at most twenty; Unusual in the table says how much"
_WHAT = "What the network sees: objects that look alike lie near each other. Drag around some to select them."
_JOBS = ("map", "describe")


class MapPage(QWidget):
    """``chosen`` is called with keys of objects that are selected, ``went`` with the one that is gone to."""

    def __init__(
        self, session: Session, chosen: Callable[[NDArray[np.int64], bool], None], went: Callable[[int], None]
    ) -> None:
        super().__init__()
        self._session = session
        self._chosen, self._went = chosen, went
        self._keys: NDArray[np.int64] = np.zeros(0, np.int64)  # of the points
        self._columns: dict[str, Column] = {}
        self._table: ObjectTable | None = None
        self._map: ObjectMap | None = None  # that points are of
        self._points: NDArray[np.float32] = np.zeros((0, 2), np.float32)
        self._is_asked = False  # a map is on its way
        self.plot = MapPlot(self._on_drawn, self._on_clicked, self._said)
        self.method, self.by = QComboBox(), QComboBox()
        for key, title in _METHODS:
            self.method.addItem(title, key)
        self.method.setToolTip("t-SNE keeps neighbours together (scikit-learn); principal components are quick")
        self._is_picked = False  # by what points are coloured
        self.by.activated.connect(self._on_picked)
        self.job = JobControl("Map objects", self.on_map, self._on_cancel)
        self.outliers = button("Show outliers", self._on_outliers, tip=_OUTLIERS)
        self.words = muted(_WHAT)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(4)
        rows.addLayout(row(QLabel("By"), self.method))
        rows.addWidget(self.job)
        rows.addLayout(row(QLabel("Colours"), self.by))
        rows.addWidget(self.outliers)
        rows.addWidget(self.words)
        rows.addStretch(1)
        self._connections = Connections()
        self._connections.add(session.mapped, self._show_map)
        self._connections.add(session.job_event, self._on_event)
        self._connections.add(session.job_ended, self._on_ended)
        self._show_map()

    def close_page(self) -> None:
        """Let go of the session."""
        self._connections.close()

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme."""
        self.plot.set_palette(colours)

    def show_table(self, table: ObjectTable | None, columns: list[Column]) -> None:
        """The objects as they are now, and by what points can be coloured."""
        self._table = table
        self._columns = {one.name: one for one in columns if one.name == NAME or (one.is_number and one.name != LABEL)}
        names = [self.by.itemData(i) for i in range(self.by.count())]
        if names != list(self._columns):
            before = self.by.currentData() if self._is_picked else None
            self.by.clear()
            for one in self._columns.values():
                self.by.addItem(one.title, one.name)
            wanted = before if before in self._columns else NAME if NAME in self._columns else None
            self.by.setCurrentIndex(max(0, self.by.findData(wanted)))
        self.job.verb.allow(self._session.verbs.map_objects.why_not())
        self._show_map()

    def show_chosen(self, keys: NDArray[np.int64]) -> None:
        """Mark the points of selected objects."""
        self.plot.show_chosen(np.flatnonzero(np.isin(self._keys, keys)))

    def on_map(self) -> None:
        """Lay the objects out."""
        try:
            self._session.map_objects(self.method.currentData())
        except UserError as error:
            self._say(str(error))
            return
        self._is_asked = True
        self.words.set_role("muted")
        self.words.setText(_WHAT)
        self.job.start("Looking at objects")

    # what happens

    def _on_cancel(self) -> None:
        self._is_asked = False
        self._session.verbs.map_objects.stop()

    def _on_event(self, verb: str, event: Any) -> None:
        if verb in _JOBS and self._is_asked and isinstance(event, Progress):
            self.job.show_progress(event)

    def _on_ended(self, verb: str, event: Any) -> None:
        if verb not in _JOBS:
            return
        if isinstance(event, Failed) and self._is_asked:
            self._say(event.message)
        if not any(self._session.busy(one) for one in _JOBS):
            self._is_asked = False
            self.job.stop("")

    def _on_picked(self) -> None:
        self._is_picked = True
        self._colour()

    def _on_drawn(self, rows: NDArray[np.int64], adds: bool) -> None:
        self._chosen(self._keys[rows], adds)

    def _on_clicked(self, place: int) -> None:
        self._went(int(self._keys[place]))

    def _on_outliers(self) -> None:
        found = self._session.object_map
        if found is not None:
            self._chosen(found.outliers, False)
            if not len(found.outliers):
                self._say("No object is clearly unlike all others.")

    def _said(self, place: int) -> str:
        """What is known of an object, in a few words."""
        key = int(self._keys[place])
        told = [f"Object {key & 0xFFFFFFFF}"]
        if self._table is not None and len(rows := np.flatnonzero(self._table.keys == key)):
            told += [f"{one.title}: {one.words(one.values[rows[0]])}" for one in self._columns.values()][:6]
        return "\n".join(told)

    def _show_map(self) -> None:
        """The points of objects that are still there."""
        found = self._session.object_map
        self.outliers.setEnabled(found is not None)
        if found is None or self._table is None:
            self._map, self._keys = None, np.zeros(0, np.int64)
            self.plot.show_points(np.zeros((0, 2), np.float32), self._keys, [])
            return
        there = np.isin(found.keys, self._table.keys)
        if found is not self._map or not np.array_equal(found.keys[there], self._keys):
            self._map, self._keys, self._points = found, found.keys[there], found.points[there]
        self._colour()

    def _colour(self) -> None:
        column = self._columns.get(self.by.currentData())
        if column is None or self._table is None or not len(self._keys):
            self.plot.show_points(self._points[: len(self._keys)], np.zeros(len(self._keys), np.int64), [_GREY])
            return
        values = column.values[np.searchsorted(self._table.keys, self._keys)]
        if column.name == NAME:
            classes = self._session.object_classes.classes
            places = {one.name: i for i, one in enumerate(classes, 1)}
            group = np.array([places.get(one, 0) for one in values], np.int64)
            self.plot.show_points(self._points, group, [_GREY, *(one.color for one in classes)])
            return
        numbers = values.astype(float)
        known = np.isfinite(numbers)
        ranks = np.zeros(len(numbers), np.int64)
        if known.any():
            low, high = np.quantile(numbers[known], [0.02, 0.98])
            share = (numbers[known] - low) / (high - low if high > low else 1.0)
            ranks[known] = 1 + np.clip(share * _SHADES, 0, _SHADES - 1).astype(np.int64)
        shades = pg.colormap.get(_SHADED).getLookupTable(0.0, 1.0, _SHADES)
        colors = ["#{:02x}{:02x}{:02x}".format(*shade[:3]) for shade in shades]
        self.plot.show_points(self._points, ranks, [_GREY, *colors])

    def _say(self, sentence: str) -> None:
        self.words.set_role("warning")
        self.words.setText(sentence)
