"""One picture of a page: its number, and what is to be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QWidget

from napari_apprentice.gui.review_outlines import COLOURS, LOOKED_AT, SUGGESTED
from napari_apprentice.session.review_page import Mark

_FRAME_PX, _PAD_PX = 4, 5
_DELETE, _DONE = "#ff6b5e", "#7ee0a1"
_FRAMES: dict[Mark, str] = {"take": COLOURS[SUGGESTED], "look": COLOURS[LOOKED_AT], "delete": _DELETE}


class Card(QWidget):
    """``pressed`` is called with its number when it is clicked."""

    def __init__(self, number: int, pressed: Callable[[int], None]) -> None:
        super().__init__()
        self.number = number
        self.words = ""  # on its lower edge
        self.mark: Mark | None = None
        self.is_done = False
        self._pressed = pressed
        self._pixmap = QPixmap()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_picture(self, picture: NDArray[np.uint8]) -> None:
        """Another picture, RGB (height, width, 3)."""
        height, width, _ = picture.shape
        pixels = np.ascontiguousarray(picture).tobytes()  # which the image does not copy
        self._pixmap = QPixmap.fromImage(QImage(pixels, width, height, 3 * width, QImage.Format.Format_RGB888))
        self.update()

    def say(self, words: str, mark: Mark | None, *, is_done: bool) -> None:
        """What is to be done about it; ``is_done``: something was said of it already."""
        if (words, mark, is_done) != (self.words, self.mark, self.is_done):
            self.words, self.mark, self.is_done = words, mark, is_done
            self.update()

    def mousePressEvent(self, event: Any) -> None:
        """A click marks it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed(self.number)

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """So does the second of two quick ones."""
        self.mousePressEvent(event)

    def paintEvent(self, event: Any) -> None:
        """The picture, and on it the number, the words and a frame."""
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._pixmap)
        colour = _DONE if self.is_done else _FRAMES[self.mark] if self.mark is not None else None
        font = QFont(self.font())
        font.setBold(True)
        painter.setFont(font)
        self._write(painter, str(self.number), colour, at_top=True)
        words = "done" if self.is_done else self.words
        if words:
            self._write(painter, words, colour, at_top=False)
        if colour is not None:
            painter.setPen(QPen(QColor(colour), 2 * _FRAME_PX))  # of which half lies outside
            painter.drawRect(self.rect())
        painter.end()

    def _write(self, painter: QPainter, words: str, colour: str | None, *, at_top: bool) -> None:
        """Words on a dark ground, or on the colour of the frame, in the upper or lower left corner."""
        metrics = painter.fontMetrics()
        room = self.width() - 2 * (_FRAME_PX + _PAD_PX)
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
        width, height = metrics.horizontalAdvance(shown) + 2 * _PAD_PX, metrics.height() + 2
        box = QRect(_FRAME_PX, _FRAME_PX if at_top else self.height() - _FRAME_PX - height, width, height)
        painter.fillRect(box, QColor(colour) if colour else QColor(0, 0, 0, 170))
        painter.setPen(QColor("#101014" if colour else "#ffffff"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)
