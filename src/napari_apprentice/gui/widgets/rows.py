"""Widgets side by side and below each other."""

from __future__ import annotations

from qtpy.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QWidget

LABEL_WIDTH = 88  # "Diameter in" fits: rows of several forms stand in line


class Fields(QGridLayout):
    """Rows of a name and a field."""

    def __init__(self) -> None:
        super().__init__()
        self.setContentsMargins(0, 0, 0, 0)
        self.setHorizontalSpacing(6)
        self.setVerticalSpacing(4)
        self.setColumnMinimumWidth(0, LABEL_WIDTH)
        self.setColumnStretch(1, 1)

    def add(self, name: str, field: QWidget, tip: str = "") -> QLabel:
        """Append one row; returns the label of its name."""
        label = QLabel(name)
        label.setProperty("role", "value")
        field.setMinimumWidth(60)
        for widget in (label, field):
            widget.setToolTip(tip or widget.toolTip())
        place = self.rowCount()
        self.addWidget(label, place, 0)
        self.addWidget(field, place, 1)
        return label


def row(*widgets: QWidget | None, spacing: int = 6) -> QHBoxLayout:
    """Widgets side by side; None is room that stretches."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            layout.addStretch(1)
        else:
            layout.addWidget(widget)
    return layout


def line() -> QFrame:
    """A thin line between sections."""
    frame = QFrame()
    frame.setProperty("role", "line")
    return frame
