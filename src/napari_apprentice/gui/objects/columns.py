"""What stands in a table: columns over NumPy arrays, and a model of Qt's that asks them for what is seen only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, eq=False)
class Column:
    """``values`` (n,) under a heading; ``words`` say one of them, the longest of which is ``longest``, if known."""

    name: str
    title: str
    tip: str
    values: NDArray[Any]
    words: Callable[[Any], str]
    longest: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it can be drawn as a histogram."""
        return self.values.dtype.kind in "iuf"

    def order(self, *, descending: bool) -> NDArray[np.int64]:
        """Its rows from the least to the greatest, equal ones as they were; what has no value comes last."""
        if self.is_number:
            values = self.values if self.values.dtype.kind == "f" else self.values.astype(np.int64)
            order: NDArray[np.int64] = np.argsort(-values if descending else values, kind="stable")
            return order
        order = np.argsort(self.values.astype(str), kind="stable")
        return order[::-1] if descending else order


def number_words(value: Any) -> str:
    """A number with four digits, or all that whole ones have; "" for none."""
    if isinstance(value, np.integer | int):
        return f"{value:,}"
    if np.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


class ColumnsModel(QAbstractTableModel):
    """Rows of ``columns`` in an ``order``: the row ``i`` that is seen is the row ``order[i]`` of the arrays."""

    def __init__(self) -> None:
        super().__init__()
        self.columns: Sequence[Column] = ()
        self.order: NDArray[np.int64] = np.zeros(0, np.int64)

    def show(self, columns: Sequence[Column], order: NDArray[np.int64]) -> None:
        """Other values, or in another order."""
        self.beginResetModel()
        self.columns, self.order = tuple(columns), order
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """How many objects."""
        return 0 if parent is not None and parent.isValid() else len(self.order)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """How many columns."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The words of a cell."""
        if not index.isValid():
            return None
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.words(column.values[self.order[index.row()]])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_number else _LEFT
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The headings and their tooltips."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        return column.tip if role == Qt.ItemDataRole.ToolTipRole else None
