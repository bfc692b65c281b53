"""The last thing that was said, where no button is."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from napari_apprentice.gui.widgets.buttons import link
from napari_apprentice.gui.widgets.words import cut_words

_SAID_MS = 12_000
_EDGE, _WIDEST, _PADDING = 10, 460, 24  # pixels of the screen


class Said(QFrame):
    """One sentence, which goes away by itself; in the layout it was put in, or on the corner of another widget."""

    def __init__(self) -> None:
        super().__init__()
        self._sentence = ""
        self._place: QWidget | None = None
        self._words = QLabel()
        self._words.setProperty("role", "said")
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.setSpacing(4)
        layout.addWidget(self._words, 1)
        layout.addWidget(link("✕", self.hide, "Hide"))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAID_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence shown."""
        return self._sentence

    def show_sentence(self, sentence: str) -> None:
        """Show a sentence for a while."""
        self._sentence = sentence
        self._words.setText(sentence)
        self._words.setToolTip(sentence)
        self._fit()
        self.show()
        self.raise_()
        self._timer.start()

    def lie_on(self, place: QWidget) -> None:
        """Lie on the upper left corner of a widget from now on, wherever it was before."""
        if place is self._place:
            return
        is_seen = not self.isHidden()
        self._leave_place()
        self._place = place
        self.setParent(place)
        place.installEventFilter(self)
        self._fit()
        self.setVisible(is_seen)

    def close(self) -> bool:
        """Go away for good."""
        with suppress(RuntimeError):  # the window has ended it already
            self._leave_place()
            self._timer.stop()
            self.hide()
            self.deleteLater()
        return True

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Fit into the widget that it lies on."""
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False

    def _leave_place(self) -> None:
        if self._place is not None:
            self._place.removeEventFilter(self)
            self._place = None

    def _fit(self) -> None:
        """As wide as the sentence, as far as there is room, and as high as its lines."""
        if self._place is None or not self._sentence:
            return
        room = min(_WIDEST, self._place.width() - 2 * _EDGE - _PADDING)
        width = max(60, min(room, self.fontMetrics().horizontalAdvance(self._sentence) + 2 * _PADDING))
        self._words.setText(cut_words(self._words, self._sentence, width - _PADDING))
        self._words.setFixedSize(width, self._words.heightForWidth(width))
        self.adjustSize()
        self.move(_EDGE, _EDGE)
