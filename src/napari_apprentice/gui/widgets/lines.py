"""A table of lines that are read, not edited."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem


class LinesTable(QTableWidget):
    """Columns by heading, each with its width in pixels; the last one takes the room that is left."""

    def __init__(self, columns: Mapping[str, int]) -> None:
        super().__init__(0, len(columns))
        self.setHorizontalHeaderLabels(list(columns))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        for header, shown in ((self.verticalHeader(), False), (self.horizontalHeader(), True)):
            if header is not None:
                header.setVisible(shown)
                header.setStretchLastSection(shown)
        for column, width in enumerate(columns.values()):
            self.setColumnWidth(column, width)

    def put(self, place: int, column: int, text: str, tip: str) -> None:
        """Write a cell."""
        item = QTableWidgetItem(text)
        item.setToolTip(tip)
        self.setItem(place, column, item)
