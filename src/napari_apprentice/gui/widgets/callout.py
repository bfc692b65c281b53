"""One short line beside a part of the panel, on the canvas, where it moves no button."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from napari_apprentice.gui.widgets.buttons import link

_EDGE = 6  # pixels of the screen


class Callout(QFrame):
    """Lies on the edge of ``place`` that is nearest to what it points at; ``put_away`` is called with its cross."""

    def __init__(self, put_away: Callable[[], None]) -> None:
        super().__init__()
        self._sentence = ""
        self._words = QLabel()
        self._words.setProperty("role", "said")
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self.cross = link(
            "\u2715", put_away, "Put this hint away; they come again with Show hints again, under Segment"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(4)
        layout.addWidget(self._words)
        layout.addWidget(self.cross)
        self.hide()

    @property
    def text(self) -> str:
        """What is said; "" while nothing is."""
        return self._sentence

    def say(self, sentence: str) -> None:
        """Say something else; "" hides it."""
        self._sentence = sentence
        self.setVisible(bool(sentence) and self.parent() is not None)

    def point_at(self, target: QWidget, place: QWidget) -> None:
        """Lie on a widget, at the height of another one beside it."""
        if self.parent() is not place:
            self.setParent(place)
        middle = target.mapToGlobal(target.rect().center())
        left = middle.x() < place.mapToGlobal(place.rect().center()).x()
        said = f"\u25c2 {self._sentence}" if left else f"{self._sentence} \u25b8"
        if said != self._words.text():
            self._words.setText(said)
            self.adjustSize()
        x = _EDGE if left else place.width() - self.width() - _EDGE
        y = place.mapFromGlobal(middle).y() - self.height() // 2
        at = QPoint(x, max(_EDGE, min(y, place.height() - self.height() - _EDGE)))
        if at != self.pos():
            self.move(at)
        if self.isHidden() and self._sentence:
            self.show()
            self.raise_()

    def close(self) -> bool:
        """Go away for good."""
        with suppress(RuntimeError):  # the window has ended it already
            self.hide()
            self.deleteLater()
        return True
