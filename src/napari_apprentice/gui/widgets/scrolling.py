"""Sections below each other in a column that scrolls."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QFrame, QScrollArea, QVBoxLayout, QWidget
from superqt.utils import qdebounced

_LEAST_LETTERS = 6
_LAID_OUT_MS = 100  # what was shown just now has its place by then


class Scrolled(QScrollArea):
    """A widget that scrolls up and down where there is less room than it takes."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(content)


class Column(Scrolled):
    """Widgets in a column; the wheel scrolls it and changes a field only when that was clicked before."""

    def __init__(self, *widgets: QWidget) -> None:
        content = QWidget()
        super().__init__(content)
        rows = QVBoxLayout(content)
        rows.setContentsMargins(10, 6, 12, 10)
        rows.setSpacing(9)
        for widget in widgets:
            rows.addWidget(widget)
        rows.addStretch(1)
        self._no_wheel = _NoWheel(self)
        for box in content.findChildren(QComboBox):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(_LEAST_LETTERS)  # a long name does not widen the panel
        for field in (*content.findChildren(QComboBox), *content.findChildren(QAbstractSpinBox)):
            field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            field.installEventFilter(self._no_wheel)
        self._to_reveal: QWidget | None = None
        self._reveal_soon = qdebounced(self._on_laid_out, timeout=_LAID_OUT_MS, parent=self)

    @property
    def least_width(self) -> int:
        """Pixels with which nothing is cut when the scroll bar comes."""
        content, bar = self.widget(), self.verticalScrollBar()
        if content is None or bar is None:
            return 0
        return int(content.minimumSizeHint().width() + bar.sizeHint().width())

    def reveal(self, widget: QWidget) -> None:
        """Scroll to a widget once it has its place."""
        self._to_reveal = widget
        self._reveal_soon()

    def _on_laid_out(self) -> None:
        if self._to_reveal is not None:
            self.ensureWidgetVisible(self._to_reveal, 0)


class _NoWheel(QObject):
    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Hand the wheel on to the column."""
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return False
