"""A model that was tried: a picture of the field with its outlines, what it found, and a button to take it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from napari_apprentice.gui.widgets.buttons import button
from napari_apprentice.gui.widgets.words import Words, muted

EDGE, _WORDS = 132, 150  # of the picture, and of what stands beside it: pixels of the screen
_GAP = 6
_SHOW = "Click to show these outlines on the image, and again to take them away"


class TrialCard(QFrame):
    """What a model found, in ``lines``; ``show`` is called when its picture is clicked, ``take`` with its button."""

    def __init__(
        self,
        title: str,
        lines: tuple[str, ...],
        picture: NDArray[np.uint8],
        show: Callable[[], None],
        take: Callable[[], None],
    ) -> None:
        super().__init__()
        self._show = show
        self.setFixedSize(EDGE + _GAP + _WORDS, EDGE)
        self.title = Words(title, role="value")
        self.picture = QLabel()
        self.picture.setFixedSize(EDGE, EDGE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setPixmap(_pixmap(picture))
        self.picture.setToolTip(_SHOW)
        self.picture.setCursor(Qt.CursorShape.PointingHandCursor)
        self.words = [muted(line) for line in lines]
        self.take = button("Use this model", take)
        beside = QVBoxLayout()
        beside.setSpacing(3)
        for widget in (self.title, *self.words):
            beside.addWidget(widget)
        beside.addStretch(1)
        beside.addWidget(self.take)
        across = QHBoxLayout(self)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(_GAP)
        across.addWidget(self.picture)
        across.addLayout(beside, 1)

    def mousePressEvent(self, event: Any) -> None:
        """A click on the picture shows it on the canvas."""
        if self.picture.geometry().contains(event.pos()):
            self._show()
        super().mousePressEvent(event)


def _pixmap(picture: NDArray[np.uint8]) -> QPixmap:
    height, width, _ = picture.shape
    pixels = np.ascontiguousarray(picture).tobytes()  # which the image does not copy
    made = QImage(pixels, width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(made)
