"""The last thing that was said, below everything."""

from __future__ import annotations

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFrame, QHBoxLayout

from napari_apprentice.gui.widgets.buttons import link
from napari_apprentice.gui.widgets.words import muted

_SAID_MS = 12_000


class Said(QFrame):
    """One sentence, which goes away by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._words = muted("", role="said")
        away = link("✕", self.hide, "Hide")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 6, 6)
        layout.addWidget(self._words, 1)
        layout.addWidget(away)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SAID_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence shown."""
        return str(self._words.text())

    def show_sentence(self, sentence: str) -> None:
        """Show a sentence for a while."""
        self._words.setText(sentence)
        self.show()
        self._timer.start()
