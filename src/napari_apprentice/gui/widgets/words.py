"""Text in the panel."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtWidgets import QLabel, QSizePolicy


class Words(QLabel):
    """Small text that wraps and is exactly as high as its lines: Qt's own hint leaves room for a narrower column."""

    def __init__(self, text: str = "", role: str = "muted") -> None:
        super().__init__(text)
        self.setProperty("role", role)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._fit()

    def hasHeightForWidth(self) -> bool:
        """No: nested layouts and scroll areas do not agree about it; the height is fixed to the text instead."""
        return False

    def sizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(40, self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return self.sizeHint()

    def setText(self, text: str | None) -> None:
        """Show another text."""
        if text != self.text():
            super().setText(text)
            self._fit()

    def resizeEvent(self, event: Any) -> None:
        """Another width may need another height, after the layout that gives it has ended."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            QTimer.singleShot(0, self._fit)

    def changeEvent(self, event: Any) -> None:
        """Another font or style may need another height."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            QTimer.singleShot(0, self._fit)

    def _fit(self) -> None:
        self.setMinimumHeight(0)  # Qt never asks for less than the minimum: a shorter text would keep the height
        self.setFixedHeight(max(0, self.heightForWidth(max(40, self.width()))))

    def set_role(self, role: str) -> None:
        """Explain ("muted") or warn ("warning")."""
        self.setProperty("role", role)
        style = self.style()
        if style is not None:  # so that the rule of the new role is looked up
            style.unpolish(self)
            style.polish(self)


def muted(text: str, role: str = "muted") -> Words:
    """Small grey text that wraps."""
    return Words(text, role)


def duration(seconds: float) -> str:
    """Words for a time span: "40 s", "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
