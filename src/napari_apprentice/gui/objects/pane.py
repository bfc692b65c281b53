"""*Table of objects*: rows, a histogram that selects some, a filter, and all images, in one pane."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget
from superqt.utils import qthrottled

from napari_apprentice.data.objects import names
from napari_apprentice.data.objects.filtering import removed_by
from napari_apprentice.data.objects.table import Objects, ObjectTable, keys_of, objects_of
from napari_apprentice.errors import UserError
from napari_apprentice.gui.connections import Connections
from napari_apprentice.gui.objects.canvas import ObjectsOnCanvas
from napari_apprentice.gui.objects.filter_form import FilterForm
from napari_apprentice.gui.objects.histogram import Histogram
from napari_apprentice.gui.objects.images_tab import ImagesTab
from napari_apprentice.gui.objects.object_columns import columns_of, size_title
from napari_apprentice.gui.objects.view import ColumnsView
from napari_apprentice.gui.theme import Palette, stylesheet
from napari_apprentice.gui.tools.tools import Tools
from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.rows import row
from napari_apprentice.gui.widgets.words import muted
from napari_apprentice.session import ProjectImage
from napari_apprentice.session.large_project_image import LargeProjectImage

HISTOGRAM, FILTER, ALL_IMAGES = _PAGES = ("Histogram", "Filter", "All images")
_LEFT_PX = 272
_SOON_MS = 150  # after an edit, in which more of them may follow
_OUTLINE_MS = 30
_TURN_S = 0.008  # of measuring before the window has a turn again
_ALL_IMAGES = "A row for each image of the project. A double click opens the image."
_REMOVE_OR_DELETE = "Remove says and teaches nothing; Delete says that there is background."
_PART = "The objects of the part that is open, the framed one."
_FILTERS = "Measurements (*.csv);;Parquet (*.parquet)"


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
        self.images = ImagesTab(self._session)
        self.words = muted("")
        self.approve = button("Approve", self._on_approve, tip="The selected objects are right as they are (A)")
        self.delete = button(
            "Delete", self._on_delete, tip="There are no objects here: they become background, which teaches (D)"
        )
        self.export = button(
            "Export...", self._on_export, tip="As Export labels... writes measurements: CSV or Parquet"
        )
        self.turns: dict[str, QPushButton] = {}
        self._page = HISTOGRAM
        self._shown: ObjectTable | None = None
        self._connections = Connections()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._measure)
        self._outline_soon = qthrottled(self._outline, timeout=_OUTLINE_MS, leading=False, parent=self)
        self._build()
        self._listen()

    # building

    def _build(self) -> None:
        objects = QWidget()
        right = QVBoxLayout(objects)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(4)
        right.addWidget(self.view, 1)
        below = row(self.words, self.approve, self.delete, self.export)
        below.setStretch(0, 1)
        right.addLayout(below)
        self._pages, self._tables = QStackedWidget(), QStackedWidget()
        for page in (self.histogram, self.filter, muted(_ALL_IMAGES)):
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
        self._connections.at_close(self._timer.stop)
        self._connections.at_close(self._outline_soon.cancel)
        add(session.signals.edited, self._on_edited)
        for signal in (session.image_changed, session.settings_changed):
            add(signal, self._on_image_changed)
        add(session.region_changed, lambda entry, spot: self._on_image_changed())
        add(session.overview_changed, lambda entry: self._on_image_changed())
        self.view.chosen.connect(self._on_chosen)
        self.view.went.connect(self._on_went)
        self.view.do_at_keys = {
            "A": self._on_approve,
            "D": self._on_delete,
            "Del": self._on_delete,
            "Ctrl+Z": session.undo,
            "Ctrl+Shift+Z": session.redo,
        }

    def set_palette(self, colours: Palette) -> None:
        """Follow the theme: a dock does not have the style of the panel."""
        self.setStyleSheet(stylesheet(colours))
        self.histogram.set_palette(colours)

    def end(self) -> None:
        """Let go of session and canvas."""
        self._connections.close()
        self.images.end()
        self.canvas.close()
        self._session.objects.forget()

    def showEvent(self, event: Any) -> None:
        """Measure, and listen to the canvas."""
        super().showEvent(event)
        self.canvas.set_on(True)
        self._measure()

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
        for name, turn in self.turns.items():
            turn.setChecked(name == page)
        if page == FILTER and self._shown is not None:
            self._show_filter(select=self.filter.settings.is_wanted)

    # measuring

    def _on_edited(self, entry: ProjectImage, delta: object) -> None:
        if entry is self._session.current and self.isVisible() and not self._timer.isActive():
            self._timer.start(_SOON_MS)
        self.images.count()

    def _on_image_changed(self) -> None:
        self._outline_soon()
        self.images.count()
        if self.isVisible():
            self._measure()

    def _measure(self) -> None:
        """Measure for a moment, and go on when the window had its turn; not in the middle of a stroke."""
        if not self.isVisible():
            return
        if self._session.regions.is_held:
            self._timer.start(_SOON_MS)
            return
        try:
            is_done = self._session.objects.advance(_TURN_S)
        except UserError as error:
            self._say(str(error), role="warning")
            return
        if not is_done:
            if self._session.objects.table is None:
                self._say("Measuring...")
            self._timer.start(0)
            return
        self._show()

    def _show(self) -> None:
        table, entry = self._session.objects.table, self._session.current
        if table is None or entry is None:
            self._shown = None
            self.view.show_columns([], np.zeros(0, np.int64))
            self._say("There is no image yet: open one.")
            self._allow()
            return
        if table is not self._shown:
            self._shown = table
            columns = columns_of(table, entry.volume)
            self.view.show_columns(columns, table.keys)
            self.histogram.show_columns(columns, table.size)
            channels = names.channel_names(entry.volume)
            self.filter.show_image(size_title(table, entry.volume), channels)
        self._show_count()
        self._show_filter(select=self._page == FILTER and self.filter.settings.is_wanted)
        self._outline_soon()

    # what the user does

    def _on_chosen(self) -> None:
        self._show_count()
        self._outline_soon()

    def _on_went(self, key: int) -> None:
        frame, number = objects_of(np.array([key]))[0]
        self.canvas.go_to(int(frame), int(number))
        self._outline_soon()

    def _on_clicked(self, frame: int, number: int) -> None:
        """An object on the canvas."""
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
        settings, edited = self.filter.settings, self.filter.edited.isChecked()
        count = 0

        def remove() -> None:
            nonlocal count
            count = self._session.objects.filter(settings, edited=edited)

        if self._done(remove):
            self.filter.clear()
            self._say(f"{count:,} removed; Ctrl+Z brings {'it' if count == 1 else 'them'} back.")

    def _on_approve(self) -> None:
        self._done(lambda: self._session.objects.approve(self._chosen))

    def _on_delete(self) -> None:
        click = self._session.verbs.click
        if click.proposal is not None:
            self._say("A clicked cell waits: keep it (Enter) or discard it (Esc) first.", role="warning")
            return
        self._done(lambda: self._session.objects.delete(self._chosen))

    def _done(self, edit: Callable[[], None]) -> bool:
        """Whether an edit could be made; if not, it is said why."""
        try:
            edit()
        except UserError as error:
            self._say(str(error), role="warning")
            return False
        self._timer.stop()
        self._measure()
        return True

    def _on_export(self) -> None:
        entry = self._session.current
        if entry is None:
            return
        source = entry.volume.source
        folder = Path() if source is None else Path(source).parent
        name = str(folder / f"{Path(entry.name).stem}_objects.csv")
        path, chosen = QFileDialog.getSaveFileName(self, "Export measurements", name, _FILTERS)
        if not path:
            return
        suffix = ".parquet" if "parquet" in chosen else ".csv"
        target = Path(path) if Path(path).suffix.lower() in (".csv", ".parquet") else Path(f"{path}{suffix}")
        try:
            self._session.verbs.export.begin(target)
        except UserError as error:
            self._say(str(error), role="warning")

    # showing

    @property
    def _chosen(self) -> Objects:
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
        self._say(f"{chosen:,} of {total:,} {what} selected.{says}{part}" if chosen else f"{total:,} {what}.{part}")
        self._allow()

    def _allow(self) -> None:
        why_not = self._session.objects.why_not()
        some = len(self.view.selected) > 0
        for one in (self.approve, self.delete):
            one.setEnabled(some and not why_not)
        self.export.setEnabled(len(self.view.keys) > 0)

    def _say(self, sentence: str, role: str = "muted") -> None:
        self.words.set_role(role)
        self.words.setText(sentence)
