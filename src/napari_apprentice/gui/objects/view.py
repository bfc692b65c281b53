"""The table itself: tens of thousands of rows, of which those that are seen are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QItemSelection, QItemSelectionModel, QItemSelectionRange, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QFont, QFontMetrics, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_apprentice.gui.objects.columns import Column, ColumnsModel

_PADDING_PX, _ARROW_PX = 14, 16  # beside a heading, and for the arrow that says how the table is sorted
_MOST_RUNS = 200  # of selected rows that lie apart; where there are more, they are put before all others
_SELECT = QItemSelectionModel.SelectionFlag.ClearAndSelect


class ColumnsView(QTableView):
    """Rows are told by ``keys``, ascending, so that they stay selected whatever is sorted or measured anew.

    ``chosen`` is emitted when the user selects other rows, ``went`` with the key of the one gone to by a click or an
    arrow key.
    """

    chosen = Signal()
    went = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.rows = ColumnsModel()
        self.setModel(self.rows)
        self.keys: NDArray[np.int64] = np.zeros(0, np.int64)  # of the rows of the arrays
        self.selected: NDArray[np.int64] = np.zeros(0, np.int64)  # keys, ascending
        self.do_at_keys: Mapping[str, Callable[[], object]] = {}  # while the table has the keyboard: "Ctrl+Z"
        self._sorted: tuple[str, bool] = ("", False)  # by which column, descending
        self._changing = False
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self._set_up_headers()
        selection = self.selectionModel()
        if selection is not None:
            selection.selectionChanged.connect(self._on_selection)
            selection.currentRowChanged.connect(self._on_current)

    def _set_up_headers(self) -> None:
        down, across = self.verticalHeader(), self.horizontalHeader()
        if down is not None:
            down.hide()
            down.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # else Qt measures each of them
            down.setDefaultSectionSize(self.fontMetrics().height() + 8)
        if across is not None:
            # of the real one Qt asks row by row whether all of a column is selected, each time that it draws headings
            across.setSelectionModel(QItemSelectionModel(self.rows, across))
            across.setSectionsClickable(True)
            across.setSortIndicatorShown(True)
            across.setHighlightSections(False)
            across.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
            across.sortIndicatorChanged.connect(self._on_sort)

    def show_columns(self, columns: Sequence[Column], keys: NDArray[np.int64]) -> None:
        """Show these; what was selected stays so, and where the table was scrolled to stays in view."""
        before = [(one.name, one.longest) for one in self.rows.columns]
        self.keys = keys
        self.selected = self.selected[np.isin(self.selected, keys)]
        self._show(columns)
        if [(one.name, one.longest) for one in columns] != before:
            self._fit()

    def select(self, keys: NDArray[np.int64], *, first: bool = False, by: str = "") -> None:
        """Select the rows with these keys, without telling it, and bring the first of them into view.

        ``first``: they come before all others; ``by``: the table is sorted by that column.
        """
        self.selected = np.sort(keys[np.isin(keys, self.keys)])
        if by and self._sorted != (by, False):
            self._sort_by(by)
            self._show(self.rows.columns)
        elif first and len(self.selected):
            self._show(self.rows.columns, chosen_first=True)
        else:
            self._select_rows()
        places = np.flatnonzero(self._is_selected()[self.rows.order])
        if len(places):
            self.scrollTo(self.rows.index(int(places[0]), 0), QAbstractItemView.ScrollHint.PositionAtCenter)

    @property
    def current_key(self) -> int | None:
        """The key of the row that was gone to last; None before."""
        place = self.currentIndex().row()
        return int(self.keys[self.rows.order[place]]) if self._knows(place) else None

    def place_of(self, key: int) -> int:
        """In which row that is seen an object stands; -1 where it is not."""
        found = np.flatnonzero(self.keys[self.rows.order] == key)
        return int(found[0]) if len(found) else -1

    # showing

    def _show(self, columns: Sequence[Column], *, chosen_first: bool = False) -> None:
        order = self._order(columns)
        chosen = self._is_selected()
        if chosen_first or _runs(chosen[order]) > _MOST_RUNS:
            order = np.concatenate([order[chosen[order]], order[~chosen[order]]])
        bar, current = self.verticalScrollBar(), self.currentIndex()
        at = 0 if bar is None else bar.value()
        key = self.current_key
        self._changing = True
        try:
            self.rows.show(columns, order)
            self._select_rows()
            if key is not None and (place := self.place_of(int(key))) >= 0:
                self._set_current(place, max(0, current.column()))
        finally:
            self._changing = False
        if bar is not None:
            bar.setValue(at)

    def _knows(self, place: int) -> bool:
        return 0 <= place < len(self.rows.order) and self.rows.order[place] < len(self.keys)

    def _order(self, columns: Sequence[Column]) -> NDArray[np.int64]:
        name, descending = self._sorted
        column = next((one for one in columns if one.name == name), None)
        return np.arange(len(self.keys)) if column is None else column.order(descending=descending)

    def _is_selected(self) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.isin(self.keys, self.selected)
        return found

    def _select_rows(self) -> None:
        """Let Qt select what is selected, in as few ranges as it lies in."""
        selection, model = QItemSelection(), self.rows
        last = max(0, model.columnCount() - 1)
        for start, stop in _edges(self._is_selected()[model.order]):
            selection.append(QItemSelectionRange(model.index(start, 0), model.index(stop - 1, last)))
        chosen = self.selectionModel()
        if chosen is not None:
            before, self._changing = self._changing, True
            chosen.select(selection, _SELECT)
            self._changing = before

    def _set_current(self, place: int, column: int) -> None:
        chosen = self.selectionModel()
        if chosen is not None:
            chosen.setCurrentIndex(self.rows.index(place, column), QItemSelectionModel.SelectionFlag.NoUpdate)

    def _fit(self) -> None:
        """Columns as wide as their headings in the theme's bold, and as what stands in the first rows."""
        font = QFont(self.font())
        font.setBold(True)
        heading, plain = QFontMetrics(font), self.fontMetrics()
        for place, column in enumerate(self.rows.columns):
            some = (
                column.values[np.unique(np.linspace(0, len(column.values) - 1, 20).astype(int))]
                if len(self.keys)
                else ()
            )
            said = (*(column.words(one) for one in some), column.longest)
            widest = max(plain.horizontalAdvance(one) for one in said)
            self.setColumnWidth(place, max(heading.horizontalAdvance(column.title) + _ARROW_PX, widest) + _PADDING_PX)

    # what the user does

    def keyPressEvent(self, event: Any) -> None:
        """Keys that do something here; all others move through the rows."""
        do = self.do_at_keys.get(QKeySequence(event.keyCombination()).toString())
        if do is None:
            super().keyPressEvent(event)
        else:
            do()

    def _on_sort(self, place: int, order: Qt.SortOrder) -> None:
        if self._changing or not 0 <= place < len(self.rows.columns):
            return
        self._sorted = (self.rows.columns[place].name, order == Qt.SortOrder.DescendingOrder)
        self._show(self.rows.columns)

    def _sort_by(self, name: str) -> None:
        self._sorted = (name, False)
        place = next((i for i, one in enumerate(self.rows.columns) if one.name == name), -1)
        across = self.horizontalHeader()
        if across is not None:
            before, self._changing = self._changing, True
            across.setSortIndicator(place, Qt.SortOrder.AscendingOrder)
            self._changing = before

    def _on_selection(self, *_: Any) -> None:
        chosen = self.selectionModel()
        if self._changing or chosen is None:
            return
        ranges = chosen.selection()
        places = [np.arange(ranges[i].top(), ranges[i].bottom() + 1) for i in range(len(ranges))]
        rows = self.rows.order[np.unique(np.concatenate([np.zeros(0, np.int64), *places]))]
        self.selected = np.sort(self.keys[rows])
        self.chosen.emit()

    def _on_current(self, current: Any, *_: Any) -> None:
        if not self._changing and current.isValid() and self._knows(current.row()):
            self.went.emit(int(self.keys[self.rows.order[current.row()]]))


def _edges(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start, stop) of each run of rows."""
    change = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return list(zip(change[::2].tolist(), change[1::2].tolist(), strict=True))


def _runs(mask: NDArray[np.bool_]) -> int:
    return int(np.count_nonzero(np.diff(mask.astype(np.int8), prepend=0) == 1))
