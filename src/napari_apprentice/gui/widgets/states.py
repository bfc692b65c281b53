"""A list of choices, each with a few small words on its right that say how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPainter, QStandardItemModel
from qtpy.QtWidgets import QComboBox, QStyle, QStyledItemDelegate

STATE = int(Qt.ItemDataRole.UserRole) + 1  # the words of an item
_GAP = 12  # pixels of the screen


class StatesDelegate(QStyledItemDelegate):
    """Writes the words of an item on its right."""

    def paint(self, painter: QPainter | None, option: Any, index: Any) -> None:
        """The item, and its words."""
        super().paint(painter, option, index)
        words = index.data(STATE)
        if not words or painter is None:
            return
        painter.save()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(option.palette.highlightedText().color() if chosen else option.palette.text().color())
        painter.setOpacity(1.0 if chosen else 0.7)
        space = option.rect.adjusted(0, 0, -_GAP // 2, 0)
        painter.drawText(space, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), words)
        painter.restore()

    def sizeHint(self, option: Any, index: Any) -> QSize:
        """Room for both."""
        hint = super().sizeHint(option, index)
        words = index.data(STATE)
        return hint + QSize(option.fontMetrics.horizontalAdvance(words) + 2 * _GAP, 0) if words else hint


class StatesBox(QComboBox):
    """A combo box that asks for the words of its items, by their data, when its list is opened.

    ``tip_of`` gives what more the tooltip of an item says; "" for the item's name and words.
    """

    def __init__(self, words_of: Callable[[Any], str], tip_of: Callable[[Any], str] = lambda data: "") -> None:
        super().__init__()
        self._words_of = words_of
        self._tip_of = tip_of
        self.setItemDelegate(StatesDelegate(self))

    def add_heading(self, text: str) -> None:
        """A line that cannot be chosen."""
        self.addItem(text)
        model = self.model()
        item = model.item(self.count() - 1) if isinstance(model, QStandardItemModel) else None
        if item is not None:
            item.setEnabled(False)

    def ask(self) -> None:
        """Take the words of all items, as they are now."""
        for place in range(self.count()):
            words, tip = self._words_of(self.itemData(place)), self._tip_of(self.itemData(place))
            self.setItemData(place, words, STATE)
            said = f"{self.itemText(place)}: {words}" if words else ""
            self.setItemData(place, tip or said, Qt.ItemDataRole.ToolTipRole)

    def showPopup(self) -> None:
        """Open the list, wide enough for names and words."""
        self.ask()
        view = self.view()
        if view is not None:
            view.setMinimumWidth(view.sizeHintForColumn(0) + _GAP)
        super().showPopup()
