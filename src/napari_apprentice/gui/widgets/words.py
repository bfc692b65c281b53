"""Text in the panel."""

from __future__ import annotations

import re
from typing import Any

from qtpy.QtCore import QEvent, QSize, Qt, QTimer
from qtpy.QtWidgets import QLabel, QSizePolicy, QWidget

from napari_apprentice.settings import Kind

KINDS: tuple[tuple[Kind, str], ...] = (
    ("instances", "cells, each by itself"),
    ("classes", "classes (tissue, organelle)"),
)
_WORD = re.compile(r"\S{12,}")  # shorter ones always fit
_EDGE = 4  # pixels of the screen


class Words(QLabel):
    """Small text that wraps and is exactly as high as its lines: Qt's own hint leaves room for a narrower column.

    A word that is wider than the column, such as the name of a file, is cut in its middle; all of it is in the tooltip.
    """

    def __init__(self, text: str = "", role: str = "muted") -> None:
        super().__init__(text)
        self._whole = text
        self._tip = ""  # that is set here
        self.setTextFormat(Qt.TextFormat.PlainText)  # names of files may look like markup
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

    def text(self) -> str:
        """All of the text, also what there is no room for."""
        return self._whole

    def setText(self, text: str | None) -> None:
        """Show another text."""
        if text != self._whole:
            self._whole = text or ""
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
        width = max(40, self.width())
        is_plain = self.textFormat() == Qt.TextFormat.PlainText
        shown = cut_words(self, self._whole, width - _EDGE) if is_plain else self._whole
        if shown != super().text():
            super().setText(shown)
        if self.toolTip() == self._tip:
            self._tip = self._whole if shown != self._whole else ""
            self.setToolTip(self._tip)
        self.setMinimumHeight(0)  # Qt never asks for less than the minimum: a shorter text would keep the height
        self.setFixedHeight(max(0, self.heightForWidth(width)))

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


def elided(widget: QWidget, text: str, width: int) -> str:
    """A text in a widget's font, cut in its middle where it is wider."""
    return widget.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, width)


def cut_words(widget: QWidget, text: str, width: int) -> str:
    """A text that will wrap: each word that is wider, such as the name of a file, is cut in its middle."""
    return _WORD.sub(lambda found: elided(widget, found[0], width), text)


def duration(seconds: float) -> str:
    """Words for a time span: "40 s", "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
