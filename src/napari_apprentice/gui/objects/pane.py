"""*Table of objects*: rows, a histogram that selects some, a filter, and all images, in one pane."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget
from superqt.utils import qthrottled

from napari_apprentice.data.objects import names
from napari_apprentice.data.objects.filtering import removed_by
from napari_apprentice.data.objects.table import Objects, ObjectTable, keys_of, objects_of
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.objects.actions import ObjectActions
from napari_apprentice.gui.objects.canvas import ObjectsOnCanvas
from napari_apprentice.gui.objects.classes_page import ClassesPage
from napari_apprentice.gui.objects.filter_form import FilterForm
from napari_apprentice.gui.objects.histogram import Histogram
from napari_apprentice.gui.objects.images_tab import ImagesTab
from napari_apprentice.gui.objects.map_page import MapPage
from napari_apprentice.gui.objects.measuring import Measuring
from napari_apprentice.gui.objects.object_columns import columns_of, size_title
from napari_apprentice.gui.objects.tracks import TracksLayer
from napari_apprentice.gui.objects.view import ColumnsView
from napari_apprentice.gui.theme import Palette, stylesheet
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.scrolling import Scrolled
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import ProjectImage
from napari_apprentice.session.large_project_image import LargeProjectImage

HISTOGRAM, FILTER, CLASSES, MAP, ALL_IMAGES = _PAGES = ("Histogram", "Filter", "Classes", "Map", "All images")
_LEFT_PX, _MAP_PX = 320, 420
_OUTLINE_MS = 30
_ALL_IMAGES = "A row for each image of the project. A double click opens the image."
_REMOVE_OR_DELETE = "Remove says and teaches nothing; Delete says that there is background."
_PART = "The objects of the part that is open, the framed one."


class ObjectsPane(QWidget):
    """The objects of the current image while the pane is seen: nothing is measured for one that is hidden."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        self._session = tools.label_layers.session
        self._label_layers = tools.label_layers
        self.canvas = ObjectsOnCanvas(tools, self._on_clicked)
        self.view = ColumnsView()
        self.histogram = Histogram(self._on_range)
        self.filter = FilterForm(self._on_filter_changed, self._on_remove)
        self.classes = ClassesPage(self._label_layers, self._selected, lambda: self._measuring.soon())
        self.map = MapPage(self._session, self._on_drawn_around, self._on_point)
        self.images = ImagesTab(self._session)
        self.tracks = TracksLayer(self._label_layers)
        self.below = ObjectActions(self._session, self._selected, lambda: self._measuring.now(), self.tracks)
        self.turns: dict[str, QPushButton] = {}
        self._page = HISTOGRAM
        self._shown: ObjectTable | None = None
        self._connections = Connections()
        self._measuring = Measuring(self._session, self.isVisible, self)
        self._outline_soon = qthrottled(self._outline, timeout=_OUTLINE_MS, leading=False, parent=self)
        self._build()
        self._listen()

    # building

    def _build(self) -> None:
        objects = QWidget()
        right = QVBoxLayout(objects)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(4)
        beside = QSplitter()
        beside.addWidget(self.map.plot)
        beside.addWidget(self.view)
        beside.setChildrenCollapsible(False)
        for place in (0, 1):
            beside.setStretchFactor(place, 1)
        self.map.plot.setMinimumWidth(_MAP_PX)
        self.map.plot.hide()
        right.addWidget(beside, 1)
        right.addLayout(self.below.row())
        self._pages, self._tables = QStackedWidget(), QStackedWidget()
        long = (Scrolled(page) for page in (self.classes, self.map))  # else the window grows beyond a small screen
        for page in (self.histogram, self.filter, *long, muted(_ALL_IMAGES)):
            self._pages.addWidget(page)
        for table in (objects, self.images):
            self._tables.addWidget(table)
        left = QWidget()
        left.setFixedWidth(_LEFT_PX)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for one in _PAGES:
            turn = button(one, partial(self.turn_to, one))
            turn.setCheckable(True)
            self.turns[one] = turn
        column.addLayout(row(*self.turns.values(), spacing=2))
        column.addWidget(self._pages, 1)
        across = QHBoxLayout(self)
        across.setContentsMargins(6, 4, 8, 4)
        across.setSpacing(10)
        across.addWidget(left)
        across.addWidget(self._tables, 1)
        self.turn_to(HISTOGRAM)

    def _listen(self) -> None:
        add, session = self._connections.add, self._session
        self._connections.at_close(self._measuring.stop)
        self._connections.at_close(self._outline_soon.cancel)
        self._connections.at_close(self.classes.close_page)
        self._connections.at_close(self.map.close_page)
        add(self._measuring.measured, self._show)
        add(self._measuring.began, lambda: self.below.say("Measuring..."))
        add(self._measuring.troubled, self.below.warn)
        add(session.signals.edited, self._on_edited)
        add(session.doubts_changed, self._on_doubts_changed)
        add(session.mapped, self._measuring.soon)
        for signal in (session.image_changed, session.settings_changed):
            add(signal, self._on_image_changed)
        add(session.region_changed, lambda entry, spot: self._on_image_changed())
        add(session.overview_changed, lambda entry: self._on_image_changed())
        self.view.chosen.connect(self._on_chosen)
        self.view.went.connect(self._on_went)
        self.view.do_at_keys = {
            "A": self.below.on_approve,
            "D": self.below.on_delete,
            "Del": self.below.on_delete,
            **{str(number): partial(self.classes.on_give, number) for number in range(1, 10)},
            "0": self.classes.on_take,
            "Ctrl+Z": session.undo,
            "Ctrl+Shift+Z": session.redo,
        }

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme: a dock does not have the style of the panel."""
        self.setStyleSheet(stylesheet(colours))
        self.histogram.set_palette(colours)
        self.map.set_palette(colours)

    def end(self) -> None:
        """Let go of session and canvas."""
        self._connections.close()
        self.images.end()
        self.canvas.close()
        self.tracks.close()
        self._session.objects.forget()

    def showEvent(self, event: Any) -> None:
        """Measure, and listen to the canvas."""
        super().showEvent(event)
        self.canvas.set_on(True)
        self._measuring.now()

    def hideEvent(self, event: Any) -> None:
        """Leave the canvas as it was, and measure nothing."""
        super().hideEvent(event)
        self.canvas.set_on(False)
        self._session.objects.forget()

    def turn_to(self, page: str) -> None:
        """Show the histogram, the filter or all images."""
        self._page = page
        self._pages.setCurrentIndex(_PAGES.index(page))
        self._tables.setCurrentIndex(int(page == ALL_IMAGES))
        self.map.plot.setVisible(page == MAP)
        for name, turn in self.turns.items():
            turn.setChecked(name == page)
        if page == CLASSES:
            self.classes.look()
        if page == FILTER and self._shown is not None:
            self._show_filter(select=self.filter.settings.is_wanted)

    # measuring

    def _on_edited(self, entry: ProjectImage, delta: object) -> None:
        if entry is self._session.current:
            self._measuring.soon()
        self.images.count()

    def _on_doubts_changed(self, entry: ProjectImage) -> None:
        if entry is self._session.current:
            self._measuring.soon()

    def _on_image_changed(self) -> None:
        self._outline_soon()
        self.images.count()
        self._measuring.now()

    def _show(self) -> None:
        table, entry = self._session.objects.table, self._session.current
        if table is None or entry is None:
            self._shown = None
            self.view.show_columns([], np.zeros(0, np.int64))
            self.below.say("There is no image yet: open one.")
            self.below.allow(0, 0)
            return
        if table is not self._shown:
            self._shown = table
            columns = columns_of(table, entry.volume)
            self.view.show_columns(columns, table.keys)
            self.histogram.show_columns(columns, table.size)
            self.map.show_table(table, columns)
            channels = names.channel_names(entry.volume)
            self.filter.show_image(size_title(table, entry.volume), channels)
        self._show_count()
        self._show_filter(select=self._page == FILTER and self.filter.settings.is_wanted)
        self.map.show_chosen(self.view.selected)
        self.classes.show_table()
        self.classes.look()
        self._outline_soon()

    # what the user does

    def _on_drawn_around(self, keys: NDArray[np.int64], adds: bool) -> None:
        """Points on the map."""
        keys = np.union1d(self.view.selected, keys) if adds else keys
        self.view.select(keys, first=True)
        self.view.setFocus()  # so that A, D and the keys of classes are for them
        self._on_chosen()

    def _on_point(self, key: int) -> None:
        self.view.select(np.array([key]))
        self.view.setFocus()
        self._on_went(key)
        self._on_chosen()

    def _on_chosen(self) -> None:
        self.map.show_chosen(self.view.selected)
        self._show_count()
        self._outline_soon()

    def _on_went(self, key: int) -> None:
        frame, number = objects_of(np.array([key]))[0]
        self.canvas.go_to(int(frame), int(number))
        self._outline_soon()

    def _on_clicked(self, frame: int, number: int) -> None:
        """An object on the canvas."""
        if self._page == CLASSES and self.classes.gives_by_click:
            self.classes.give_to(np.array([[frame, number]]))
        if self._page == ALL_IMAGES:
            self.turn_to(HISTOGRAM)
        self.view.select(keys_of(np.array([[frame, number]])))
        self._on_chosen()

    def _on_range(self, name: str, low: float, high: float) -> None:
        if self._shown is None or name not in self._shown.columns:
            return
        values = self._shown.columns[name]
        self.view.select(self._shown.keys[(values >= low) & (values <= high)], by=name)
        self._on_chosen()

    def _on_filter_changed(self) -> None:
        if self._shown is not None:
            self._show_filter(select=True)

    def _show_filter(self, *, select: bool) -> None:
        """How many objects the filter finds, and with ``select`` which."""
        found, stay = self._found()
        self.filter.show_found(len(found), stay, self._session.objects.why_not())
        if select:
            self.view.select(keys_of(found), first=True)
            self._on_chosen()

    def _found(self) -> tuple[Objects, int]:
        """What the filter removes of the table that is shown, and how many edited ones it would."""
        table, nothing = self._shown, np.zeros((0, 2), np.int64)
        if table is None or self._session.objects.why_not():
            return nothing, 0
        found = removed_by(table, self.filter.settings)
        if self.filter.edited.isChecked():
            return table.objects[found], 0
        return table.objects[found & ~table.is_edited], int((found & table.is_edited).sum())

    def _on_remove(self) -> None:
        done = self.below.remove(self.filter.settings, edited=self.filter.edited.isChecked())
        if done:
            self.filter.clear()
            self.below.say(done)

    # showing

    def _selected(self) -> Objects:
        return objects_of(self.view.selected)

    def _outline(self) -> None:
        if self._shown is None or self._shown is not self._session.objects.table:
            self.canvas.outline(np.zeros((0, 2), np.int64), np.zeros(0, np.int64))
            return
        keys = self._first_the_current(self.view.selected)
        rows = self._shown.rows_of(objects_of(keys))
        self.canvas.outline(self._shown.objects[rows], self._shown.columns[names.PIXELS][rows])

    def _first_the_current(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        current = self.view.current_key
        return keys if current is None or current not in keys else np.r_[current, keys[keys != current]]

    def _show_count(self) -> None:
        total, chosen = len(self.view.keys), len(self.view.selected)
        what = ("row" if self._session.kind == "classes" else "object") + ("" if total == 1 else "s")
        part = f" {_PART}" if isinstance(self._session.current, LargeProjectImage) else ""
        says = f" {_REMOVE_OR_DELETE}" if self._page == FILTER else ""
        all_of_them = f"{total:,} {what}"
        self.below.say(f"{chosen:,} of {all_of_them} selected.{says}{part}" if chosen else f"{all_of_them}.{part}")
        self.below.allow(total, chosen)
        self.classes.allow(chosen)
